import { AsyncLocalStorage } from 'node:async_hooks';
import { BaseRpcContext } from '@nestjs/microservices';
import type { Cancellation } from './cancellation.js';

/** One side of a call. */
export interface Party {
  /** Node id; empty when the peer did not say. */
  readonly nodeId: string;
  /** Institution id; empty when the peer did not say. */
  readonly instId: string;
}

/** What a {@link MeshContext} is made of. */
export interface MeshContextInit {
  readonly traceId: string;
  readonly spanId: string;
  readonly urn: string;
  readonly service: string;
  readonly runMode: number;
  readonly source: Party;
  readonly target: Party;
  readonly attachments: Readonly<Record<string, string>>;
  readonly deadline: number;
  readonly cancellation: Cancellation;
}

/** What Nest's contexts have besides: nothing here. */
const NO_ARGUMENTS: [] = [];

const storage = new AsyncLocalStorage<MeshContext>();

/**
 * The context of one call: who calls whom, in which trace, until when, with what beside the arguments.
 *
 * A handler gets it with `@Ctx()`; anything below a handler gets it with {@link MeshContext.current}, or by injecting
 * `MeshContext`. Calls made below a handler continue its trace, its deadline and its cancellation by themselves.
 */
export class MeshContext extends BaseRpcContext<[]> {
  /** Id of the trace that the whole chain of calls shares (`x-ptp-trace-id`). */
  readonly traceId: string;
  /** Id of this call within the trace, dotted: `0`, `0.1`, `0.1.3` (`mesh-span-id`). */
  readonly spanId: string;
  /** URN that was called. */
  readonly urn: string;
  /** Name of the service called, such as `mesh.trust.apply`. */
  readonly service: string;
  /** Bits of the run mode (`mesh-run-mode`); see `RunMode`. */
  readonly runMode: number;
  /** Who calls (`x-ptp-source-*`). As the peer says: it is not proven. */
  readonly source: Party;
  /** Who is called (`x-ptp-target-*`, else the URN's node). */
  readonly target: Party;
  /** What travels beside the arguments, by lower-case name; it goes on to the calls made below. Without a prototype. */
  readonly attachments: Readonly<Record<string, string>>;
  /** When the caller gives up: ms since the epoch. */
  readonly deadline: number;
  /** The caller's giving up, for code that does not want an `AbortSignal`. */
  readonly cancellation: Cancellation;
  /** What failed below Nest's filters, kept for the answer. @internal */
  failure: unknown;
  private spans = 0;

  constructor(init: MeshContextInit) {
    super(NO_ARGUMENTS);
    this.traceId = init.traceId;
    this.spanId = init.spanId;
    this.urn = init.urn;
    this.service = init.service;
    this.runMode = init.runMode;
    this.source = init.source;
    this.target = init.target;
    this.attachments = init.attachments;
    this.deadline = init.deadline;
    this.cancellation = init.cancellation;
  }

  /** The context of the call under way; `undefined` outside of any. */
  static current(): MeshContext | undefined {
    return storage.getStore();
  }

  /** Runs a function outside of any call. @internal */
  static outside<T>(fn: () => T): T {
    return storage.exit(fn);
  }

  /** Runs a function with this context as the current one. */
  run<T>(fn: () => T): T {
    return storage.run(this, fn);
  }

  /** Aborted when the caller cancels, goes away, or its deadline passes. */
  get signal(): AbortSignal {
    return this.cancellation.signal;
  }

  /** Time left until the deadline, in ms; 0 when it has passed, `Infinity` when there is none. */
  get remainingMs(): number {
    return Math.max(0, this.deadline - Date.now());
  }

  /** W3C `traceparent` that came with the call; carried on to the calls made below. */
  get traceparent(): string | undefined {
    return this.attachments['traceparent'];
  }

  /** Session that the call belongs to (`x-ptp-session-id`). */
  get sessionId(): string | undefined {
    return this.attachments['x-ptp-session-id'];
  }

  /** Topic whose messages a handler of `@MeshSession` gets, and that of the calls made below it (`x-ptp-topic`). */
  get topic(): string | undefined {
    return this.attachments['x-ptp-topic'];
  }

  /** Access token that came with the call (`x-ptp-token`). It is not checked. */
  get token(): string | undefined {
    return this.attachments['x-ptp-token'];
  }

  /** The span id for the next call made below this one. */
  nextSpanId(): string {
    return `${this.spanId}.${++this.spans}`;
  }
}
