import { ListItem } from '../../collections/linked-list.js';

/** Requests of one connection served at a time, for those who send on before they are answered. */
export const MAX_PIPELINED = 256;

/** What is served of a connection over HTTP/1.1: a request, or a passage. */
export abstract class Http1Served extends ListItem {
  /** It is over: its answer is written, or the connection is gone. */
  abstract over(): void;
}

/** The connection of an {@link Http1Served}. */
export interface Http1Host {
  /** Whether no request is to follow on it. */
  readonly closing: boolean;
  /** So many bytes more are held of its requests until they are answered. */
  onHeld(bytes: number): void;
  /** It is over. */
  onExchangeOver(exchange: Http1Served): void;
}
