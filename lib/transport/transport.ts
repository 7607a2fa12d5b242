import type { Cancellation } from '../context/cancellation.js';
import { defineFamily } from '../kernel/extension-family.js';

/** Headers of a call: lower-case names, without a prototype. */
export type WireHeaders = Readonly<Record<string, string>>;

/** A call as the consumer hands it to a connection. */
export interface OutboundCall {
  /** What is called, for instance `/mesh-rpc/v1`. */
  readonly path: string;
  readonly headers: WireHeaders;
  readonly body: Uint8Array;
  /** When the caller gives up: ms since the epoch. `Infinity` when it never does. */
  readonly deadline: number;
  /** Cancelled when the caller gives up; the connection then ends the call, at the peer too, and rejects with the reason. */
  readonly cancellation: Cancellation;
}

/** A call as a listener hands it to a handler. */
export interface InboundCall {
  readonly path: string;
  readonly headers: WireHeaders;
  readonly body: Uint8Array;
  /** When the caller gives up, as far as it said so: ms since the epoch, else `Infinity`. */
  readonly deadline: number;
  /** Cancelled by the listener when the caller has gone away or has cancelled. */
  readonly cancellation: Cancellation;
  /** Address of the caller, `host:port`, for logs. */
  readonly peer: string;
}

/** Serves calls to one path: one answer for each call. What it throws ends that call only. */
export type CallHandler = (call: InboundCall) => Promise<Uint8Array>;

/** Finds the handler of a path; `undefined` when nothing is served there. */
export type Acceptor = (path: string) => CallHandler | undefined;

/** Connections to one address. It connects when it is first used, and again after it was lost. */
export interface Connection {
  /**
   * Sends a call and waits for its answer.
   *
   * @throws MeshError E0000000619 when nothing answers at the address (`neverSent`), E0000000607 when the connection was
   * lost with the call under way, E0000000413 for a message over the limit, or the reason of the cancellation
   */
  call(call: OutboundCall): Promise<Uint8Array>;
  /** Calls under way. */
  readonly pending: number;
  /** Takes no new calls, waits for those under way, closes. */
  close(): Promise<void>;
  /** Closes at once; calls under way fail with E0000000607. */
  destroy(): void;
}

/** Where a listener is to listen. */
export interface ListenAt {
  readonly host: string;
  /** 0 takes a free port. */
  readonly port: number;
}

/** Something that listens. */
export interface Listener {
  /** The address bound, `host:port`. */
  readonly address: string;
  /** Calls under way. */
  readonly pending: number;
  /** The server behind it, for `unwrap()`. */
  readonly server: unknown;
  /** Takes no new calls, waits for those under way, closes. */
  close(): Promise<void>;
  /** Closes at once; calls under way are cancelled. */
  destroy(): void;
}

/** A way to carry calls between two processes. */
export interface Transport {
  /** Its name in a URN's flag: `http`, `grpc`, `mqtt` or `tcp`; any other name goes by `grpc`'s number. */
  readonly proto: string;
  /** Connections to an address (`host:port`). Does not connect yet. */
  dial(address: string): Connection;
  /** @throws MeshError E0000000619 when the address cannot be bound */
  listen(at: ListenAt, acceptor: Acceptor): Promise<Listener>;
}

/** The family of transports. The default is `grpc`. */
export const TRANSPORT = defineFamily<Transport>('transport', 'grpc');

/** Path of the mesh's RPC over gRPC. A generic method with raw bytes in and out. */
export const MESH_RPC_PATH = '/mesh-rpc/v1';
