import type { IncomingHttpHeaders } from 'node:http';
import { ListItem } from '../../../collections/linked-list.js';
import type { HttpAnswer, HttpExchange, HttpExchangeOwner } from '../http-exchange.js';
import { checkStatus } from './answer-heads.js';
import type { PlainRequest } from './plain-request.js';

/** The connection of a {@link PlainExchange}. */
export interface PlainHost {
  /** The caller, `host:port`. */
  readonly peer: string;
  /** So many bytes more are held of its requests until they are answered. */
  onHeld(bytes: number): void;
  /** An exchange has its {@link PlainExchange.reply}. */
  onReply(exchange: PlainExchange): void;
  /** Closes the connection at once. */
  destroy(): void;
}

/** A request over HTTP/1.1 in its plainest form. */
export class PlainExchange extends ListItem implements HttpExchange {
  readonly method = 'POST';
  readonly target: string;
  readonly headers: IncomingHttpHeaders;
  readonly peer: string;
  /** The answer, to be written when it is its turn. */
  reply: HttpAnswer | undefined;
  private owner: HttpExchangeOwner | undefined;

  constructor(
    { target, headers }: PlainRequest,
    private readonly host: PlainHost,
  ) {
    super();
    this.target = target;
    this.headers = headers;
    this.peer = host.peer;
  }

  receive(owner: HttpExchangeOwner): void {
    this.owner = owner;
  }

  hold(bytes: number): void {
    this.host.onHeld(bytes);
  }

  /** More of the body has come. */
  gotData(chunk: Buffer): void {
    if (chunk.length > 0) this.owner?.gotData(chunk);
  }

  /** The body is complete. */
  gotEnd(): void {
    this.owner?.gotEnd();
  }

  answer(answer: HttpAnswer): void {
    checkStatus(answer.status);
    this.reply = answer;
    this.host.onReply(this);
  }

  destroy(): void {
    this.host.destroy();
  }

  /** It is over, once: its answer is written, or the connection is gone. Its body may still come, to be dropped. */
  over(outcome: 'delivered' | 'lost'): void {
    this.owner?.gotOver(outcome);
  }
}
