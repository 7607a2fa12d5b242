import type { INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ClientProxy, type ReadPacket, type WritePacket } from '@nestjs/microservices';
import type { Observable } from 'rxjs';
import { toMeshError } from './errors/from-unknown.js';
import { MeshCode } from './errors/mesh-code.js';
import { MeshError } from './errors/mesh-error.js';
import { MeshModule } from './mesh.module.js';
import type { MeshOptions } from './options/mesh-options.js';
import type { CallOptions } from './rpc/consumer/call-options.js';
import { MeshClient } from './rpc/consumer/mesh-client.js';

/** Options of {@link MeshClientProxy}: those of a mesh of its own, or the client of a mesh that is there already. */
export interface MeshClientProxyOptions extends MeshOptions {
  /** The client to call with. Absent: the proxy makes a mesh of its own out of the other options when it connects. */
  client?: MeshClient;
}

/** A pattern that directs the call: the service, and everything that a call can say. */
export interface MeshPattern extends CallOptions {
  readonly service: string;
}

/** States of a {@link MeshClientProxy}, as its `status` tells them. */
export type MeshClientStatus = 'connected' | 'closed';

/** Events of a {@link MeshClientProxy}. */
export interface MeshClientEvents extends Record<never, Function> {
  connected: () => void;
  closed: () => void;
}

/**
 * Nest's client proxy for a mesh, for code that is written against `ClientProxy`. It makes its calls through the same
 * {@link MeshClient} as facades do.
 *
 * The pattern is the name of a service, or a {@link MeshPattern}; the data is the object whose fields are the arguments.
 * What `setOnDispatchHook` puts into a packet's `metadata` travels as attachments.
 *
 * @example
 * ClientsModule.register([{ name: 'TRUST', customClass: MeshClientProxy, options: { addresses: ['10.0.0.1:7304'] } }])
 */
export class MeshClientProxy extends ClientProxy<MeshClientEvents> {
  private connecting: Promise<MeshClient> | undefined;
  private client: MeshClient | undefined;
  private context: INestApplicationContext | undefined;
  private readonly listeners: { [E in keyof MeshClientEvents]: MeshClientEvents[E][] } = { connected: [], closed: [] };

  constructor(private readonly options: MeshClientProxyOptions = {}) {
    super();
  }

  /** Its states, beginning with the latest. */
  override get status(): Observable<MeshClientStatus> {
    return super.status as Observable<MeshClientStatus>;
  }

  /** Makes the client ready; connections to providers are made when calls need them. */
  override connect(): Promise<MeshClient> {
    return (this.connecting ??= this.open());
  }

  /** Closes the mesh that the proxy made for itself, waiting for the calls under way. */
  override async close(): Promise<void> {
    const connecting = this.connecting;
    if (!connecting) return;
    this.connecting = undefined;
    await connecting.catch(() => undefined);
    const context = this.context;
    this.client = undefined;
    this.context = undefined;
    await context?.close();
    this.enter('closed');
  }

  override on<E extends keyof MeshClientEvents>(event: E, callback: MeshClientEvents[E]): void {
    this.listeners[event].push(callback);
  }

  /**
   * The {@link MeshClient} behind the proxy.
   * @throws MeshError E0000000400 before `connect()`
   */
  override unwrap<T>(): T {
    if (this.client) return this.client as T;
    throw new MeshError(MeshCode.INVALID_REQUEST, 'the client proxy is not connected: call connect() before unwrap()');
  }

  protected override publish(packet: ReadPacket, callback: (packet: WritePacket) => void): () => void {
    const caller = new AbortController();
    this.call(packet, caller.signal).then(
      (response) => callback({ response, isDisposed: true }),
      (error: unknown) => callback({ err: toMeshError(error) }),
    );
    return () => caller.abort();
  }

  protected override dispatchEvent<T>(packet: ReadPacket): Promise<T> {
    return this.call(packet).then(() => undefined as T);
  }

  private async call(packet: ReadPacket, signal?: AbortSignal): Promise<unknown> {
    const { service, ...directed } = readPattern(packet.pattern);
    const metadata = (packet as { metadata?: Record<string, string> }).metadata;
    const attachments = metadata ? { ...directed.attachments, ...metadata } : directed.attachments;
    const signals = [directed.signal, signal].filter((one) => one !== undefined);
    const client = await this.connect();
    const options = { ...directed, attachments, signal: signals.length > 1 ? AbortSignal.any(signals) : signals[0] };
    return client.call(service, readArguments(service, packet.data), options);
  }

  private async open(): Promise<MeshClient> {
    try {
      this.client = this.options.client ?? (await this.makeClient());
    } catch (error) {
      this.connecting = undefined;
      throw toMeshError(error);
    }
    this.enter('connected');
    return this.client;
  }

  private enter(state: MeshClientStatus): void {
    this._status$.next(state);
    for (const listener of this.listeners[state]) listener();
  }

  private async makeClient(): Promise<MeshClient> {
    const { client: _, ...options } = this.options;
    const root = MeshModule.forRoot({ ...options, listen: false });
    // Nest keeps one logger for the whole process: naming one here would take it from the application around.
    this.context = await NestFactory.createApplicationContext(root, { abortOnError: false });
    return this.context.get(MeshClient);
  }
}

function readPattern(pattern: unknown): MeshPattern {
  if (typeof pattern === 'string') return { service: pattern };
  if (typeof pattern === 'object' && pattern !== null && 'service' in pattern) return pattern as MeshPattern;
  const message = `a pattern must name a service such as 'mesh.trust.apply', or be an object with a 'service', got ${JSON.stringify(pattern)}`;
  throw new MeshError(MeshCode.INVALID_REQUEST, message);
}

function readArguments(service: string, data: unknown): Readonly<Record<string, unknown>> {
  if (typeof data === 'object' && data !== null && !Array.isArray(data)) return data as Record<string, unknown>;
  const message = `the data sent to '${service}' must be an object whose fields are the arguments, got ${Array.isArray(data) ? 'a list' : typeof data}`;
  throw new MeshError(MeshCode.INVALID_REQUEST, message);
}
