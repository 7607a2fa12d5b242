import { type CustomTransportStrategy, type MessageHandler, Server } from '@nestjs/microservices';
import type { MeshContext } from '../context/mesh-context.js';
import { toMeshError } from '../errors/from-unknown.js';
import { MeshCode } from '../errors/mesh-code.js';
import { MeshError } from '../errors/mesh-error.js';
import type { ResolvedMeshOptions } from '../options/mesh-options.js';
import type { ServiceTable } from '../rpc/provider/service-table.js';
import type { Acceptor, ListenAt, Listener, Transport } from '../transport/transport.js';
import { callEventHandler, callHandler, callStreamHandler } from './call-handler.js';
import { directCall, type NestParts, standsAt } from './direct-call.js';
import type { MeshHandlerExtras } from './mesh-provider.decorator.js';
import type { StreamHandlerExtras } from './passive/mesh-session.decorator.js';
import type { StreamHandler } from './passive/stream-handler.js';
import type { StreamTable } from './passive/stream-table.js';
import { meshTransport } from './mesh-transport.js';

/** States of a {@link MeshServer}, as its `status` tells them. */
export type MeshServerStatus = 'listening' | 'draining' | 'closed';

/** Events of a {@link MeshServer}. */
export interface MeshServerEvents extends Record<string, (...args: never[]) => void> {
  /** It listens, at these addresses (`host:port`). */
  listening: (addresses: readonly string[]) => void;
  /** It could not listen, or could not close in good order. */
  error: (error: MeshError) => void;
  /** It no longer listens. */
  close: () => void;
}

/** Where to listen, with what, and what to serve there. @internal */
export interface Door {
  readonly transport: Transport;
  readonly at: ListenAt;
  readonly acceptor: Acceptor;
}

/** What a {@link MeshServer} needs of its mesh. @internal */
export interface MeshServerParts {
  readonly mesh: string;
  readonly options: ResolvedMeshOptions;
  readonly services: ServiceTable;
  readonly handlers: StreamTable;
  /** What is bound to handlers. */
  readonly nest: NestParts;
  /** Where to listen. */
  doors(): readonly Door[];
  /** Told what listens, before the first call may arrive. */
  listening(listeners: readonly Listener[]): void;
  /** Told when no new calls are taken: what waits for something to happen is to end. */
  endWaits(): void;
  /** Ends the streams that handlers have. */
  endStreams(): Promise<void>;
  /** Told when it is about to close: who was told where it is reached, is told that it is so no longer. */
  depart(): Promise<void>;
}

/**
 * Nest's transport strategy of a mesh: registers the handlers of the application as services, and listens. `MeshModule`
 * provides it; `meshMicroservice()` hands it to Nest.
 */
export class MeshServer extends Server<MeshServerEvents, MeshServerStatus> implements CustomTransportStrategy {
  override transportId: symbol;
  private listeners: readonly Listener[] = [];
  private closing: Promise<void> | undefined;
  private watched = false;
  private readonly subscribers = new Map<string, ((...args: never[]) => void)[]>();

  /** @internal provided by `MeshModule` */
  constructor(private readonly parts: MeshServerParts) {
    super();
    this.transportId = meshTransport(parts.mesh);
  }

  /** The addresses it listens at, `host:port`, with the port really bound; empty until it listens. */
  get addresses(): readonly string[] {
    return this.listeners.map((listener) => listener.address);
  }

  /** Listens; Nest calls it. The callback gets a `MeshError` E0000000619 when the address cannot be bound. */
  override listen(callback: (error?: unknown) => void): void {
    this.open().then(
      () => {
        this._status$.next('listening');
        this.tell('listening', this.addresses as never);
        callback();
      },
      (cause: unknown) => {
        const error = toMeshError(cause);
        this.tell('error', error as never);
        callback(error);
      },
    );
  }

  /**
   * Takes no new calls, ends the pops of sessions that wait, gives the other calls under way `drainTimeoutMs`, then ends what is
   * left. Calling it again waits for the same end.
   */
  override close(): Promise<void> {
    return (this.closing ??= this.shut());
  }

  override on<E extends keyof MeshServerEvents>(event: E, callback: MeshServerEvents[E]): void {
    const name = String(event);
    this.subscribers.set(name, [...(this.subscribers.get(name) ?? []), callback]);
  }

  /** The servers behind the listeners, one for each listener and transport: for gRPC the `Http2Server` of Node. */
  override unwrap<T>(): T {
    if (this.listeners.length > 0) return this.listeners.map((listener) => listener.server) as T;
    throw new MeshError(MeshCode.INVALID_REQUEST, 'the mesh server does not listen yet: call listen() before unwrap()');
  }

  /**
   * Registers a handler; Nest calls it. A pattern that is no text is not served, with a warning.
   * @throws MeshError E0000000400 when another handler has the service or the topic already
   */
  override addHandler(
    pattern: unknown,
    callback: MessageHandler,
    isEventHandler = false,
    extras: MeshHandlerExtras & StreamHandlerExtras & Record<string, unknown> = {},
  ): void {
    const service = this.normalizePattern(pattern as string);
    const chained = isEventHandler && this.messageHandlers.has(service);
    super.addHandler(pattern, callback, isEventHandler, extras);
    if (chained) return;
    // Nest shows every server the handlers of all others, unless they name their transport.
    if (typeof pattern !== 'string') return this.logger.warn(notServed(service));
    if (extras.stream) return this.parts.handlers.add({ ...extras.stream, invoke: this.streamInvoker(callback) });
    this.parts.services.add({
      service,
      provider: extras.provider ?? `a handler of the pattern '${service}'`,
      wire: extras.mpi?.wire,
      timeoutMs: extras.mpi?.timeoutMs,
      declared: extras.mpi,
      invoke: isEventHandler ? this.invoker(service, callEventHandler) : this.requestInvoker(service, callback, extras),
    });
  }

  override setOnProcessingStartHook(hook: Parameters<Server['setOnProcessingStartHook']>[0]): void {
    this.watched = true;
    super.setOnProcessingStartHook(hook);
  }

  override setOnProcessingEndHook(hook: Parameters<Server['setOnProcessingEndHook']>[0]): void {
    this.watched = true;
    super.setOnProcessingEndHook(hook);
  }

  /** Goes around Nest's pipeline where nothing stands in it, unless somebody watches it, or has put something around the handler. */
  private requestInvoker(service: string, callback: MessageHandler, { place, mpi }: MeshHandlerExtras) {
    const piped = this.invoker(service, callHandler);
    const direct = place && standsAt(place, mpi) ? directCall(place, this.parts.nest) : undefined;
    if (!direct) return piped;
    return (args: unknown, context: MeshContext): unknown =>
      this.watched || this.messageHandlers.get(service) !== callback ? piped(args, context) : direct(args, context);
  }

  private invoker(service: string, call: typeof callHandler) {
    return (args: unknown, context: MeshContext): Promise<unknown> => {
      const handler = this.messageHandlers.get(service)!;
      if (!this.watched) return call(handler, args, context);
      return new Promise((resolve, reject) => {
        this.runWithProcessingHooks(context, async (end) => call(handler, args, context, end).then(resolve, reject));
      });
    };
  }

  private streamInvoker(handler: MessageHandler): StreamHandler['invoke'] {
    return (inbound, context, consume) => {
      if (!this.watched) return callStreamHandler(handler, inbound, context, consume);
      return new Promise((resolve, reject) => {
        this.runWithProcessingHooks(context, async (end) =>
          callStreamHandler(handler, inbound, context, consume, end).then(resolve, reject),
        );
      });
    };
  }

  private async open(): Promise<void> {
    const doors = this.parts.doors();
    if (doors.length === 0 && !this.parts.options.mount) {
      throw new MeshError(MeshCode.INVALID_REQUEST, 'the mesh server cannot listen: the option listen is false');
    }
    const listeners: Listener[] = [];
    this.listeners = listeners;
    this.parts.listening(listeners);
    try {
      for (const { transport, at, acceptor } of doors) listeners.push(await transport.listen(at, acceptor));
    } catch (error) {
      for (const listener of listeners.splice(0)) listener.destroy();
      throw error;
    }
  }

  private async shut(): Promise<void> {
    this._status$.next('draining');
    await this.parts.depart();
    const drained = this.listeners.map((listener) => this.drain(listener));
    // Only now: callers whose wait ends ask again, and are to find the door closed.
    this.parts.endWaits();
    await Promise.all([...drained, this.parts.endStreams()]);
    this._status$.next('closed');
    this.tell('close');
  }

  private async drain(listener: Listener): Promise<void> {
    const overdue = setTimeout(() => listener.destroy(), this.parts.options.drainTimeoutMs);
    try {
      await listener.close();
    } catch (error) {
      this.tell('error', toMeshError(error) as never);
    } finally {
      clearTimeout(overdue);
    }
  }

  private tell(event: string, ...args: never[]): void {
    for (const subscriber of this.subscribers.get(event) ?? []) subscriber(...args);
  }
}

function notServed(pattern: string): string {
  return `the pattern ${pattern} is not served on the mesh: a service has a dotted name such as 'mesh.trust.apply'`;
}
