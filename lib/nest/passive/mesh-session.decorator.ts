import { type PipeTransform, type Type, UseFilters } from '@nestjs/common';
import { PARAMTYPES_METADATA, ROUTE_ARGS_METADATA } from '@nestjs/common/internal';
import { MessagePattern, Payload } from '@nestjs/microservices';
import { PATTERN_METADATA } from '@nestjs/microservices/constants.js';
import { RpcParamtype } from '@nestjs/microservices/enums/rpc-paramtype.enum.js';
import { MeshCode } from '../../errors/mesh-code.js';
import { MeshError } from '../../errors/mesh-error.js';
import { type Check, milliseconds, text, wholeNumber } from '../../options/checks.js';
import { readObject } from '../../options/option-reader.js';
import { Problems } from '../../options/problems.js';
import type { MeshSession as SessionHandle, PushToOptions } from '../../session/handle/mesh-session.js';
import type { OpenOptions } from '../../session/handle/mesh-sessions.js';
import { FailureObserver } from '../failure-observer.js';
import { DEFAULT_MESH, meshTransport } from '../mesh-transport.js';
import type { StreamSettings } from './stream-handler.js';

/** A session as `MeshSessions.open` returns it. */
export type MeshSession = SessionHandle;

/** Settings of a handler of streams. */
export interface MeshSessionOptions extends Pick<PushToOptions, 'maxMessages' | 'maxBytes'> {
  /** The topic whose messages it gets, in every session; or a prefix of topics, such as `chat/*`. */
  readonly topic: string;
  /** The topic on which its answers are pushed to the sender. Default: the one that they answer. */
  readonly replyTopic?: string;
  /** Messages and answers travel in packets, as those of the reference Python SDK do. Not for a prefix. Default: whole. */
  readonly splitting?: OpenOptions['splitting'];
  /** Messages that may wait to be taken by the handler. Default 16. */
  readonly prefetch?: number;
  /**
   * A stream on which nothing arrives and nothing is answered for this time ends, and makes room for another, in ms. Default:
   * `sessions.idleTimeoutMs`.
   */
  readonly idleTimeoutMs?: number;
  /** How long the push of an answer may wait for room at the sender, in ms. Default 10 000. */
  readonly timeoutMs?: number;
  /** Name of the mesh that serves it, in an application with several. Default: the default mesh. */
  readonly mesh?: string;
}

/** What a pattern of a handler of streams carries, for the server that registers it. @internal */
export interface StreamHandlerExtras {
  readonly stream?: StreamSettings & { readonly provider: string };
}

/**
 * Makes a method of a controller a handler of streams: for each session, the messages that arrive on the topic are handed to it
 * as one Observable ({@link SessionStream}), and what it returns (an Observable, an AsyncIterable, a Promise of either, or nothing)
 * is pushed back to their sender. Guards, interceptors, pipes and exception filters run once for each stream.
 *
 * A stream begins with a push, and ends when what the handler returned ends, fails, the session is released or idle, or the
 * application closes. The next push begins another.
 *
 * @throws MeshError E0000000400 when an option is wrong, or the method serves another pattern already
 *
 * @example
 * \@MeshSession({ topic: 'chat' })
 * chat(@SessionStream() inbound: Observable<ReceivedMessage>): Observable<Uint8Array> {
 *   return inbound.pipe(map((message) => message.payload));
 * }
 */
export function MeshSession(options: MeshSessionOptions): MethodDecorator {
  return (prototype, method, descriptor) => {
    const controller = prototype.constructor.name;
    const provider = `${controller}.${String(method)}`;
    const { mesh, ...stream } = readOptions(provider, options);
    const handler = descriptor.value as Function;
    const other = (Reflect.getOwnMetadata(PATTERN_METADATA, handler) as readonly unknown[] | undefined)?.[0];
    if (other !== undefined) {
      const message = `${provider} cannot handle the topic '${stream.topic}': it serves '${String(other)}' already`;
      throw new MeshError(MeshCode.INVALID_REQUEST, message);
    }
    keepAsTheyAre(prototype, method);
    const extras: StreamHandlerExtras = { stream: { ...stream, provider } };
    MessagePattern(`@MeshSession ${stream.topic}`, meshTransport(mesh), { ...extras })(prototype, method, descriptor);
    UseFilters(FailureObserver)(prototype, method, descriptor);
  };
}

/**
 * Injects the messages of the stream into a handler of {@link MeshSession}: an `Observable<ReceivedMessage>` that behaves as
 * `MeshSession.messages()` does. What it is not subscribed for stays in the queue.
 *
 * @param pipes are given the Observable itself
 */
export function SessionStream(...pipes: (Type<PipeTransform> | PipeTransform)[]): ParameterDecorator {
  return Payload(...pipes);
}

const topic: Check<string> = text(/^.{0,1024}$/su, 'a text of at most 1024 characters');

const splitting: Check<NonNullable<OpenOptions['splitting']>> = (value, name, problems) =>
  readObject(name, value, problems, (reader) => {
    const packetBytes = reader.takeOptional('packetBytes', wholeNumber(1, 2_147_483_647));
    return packetBytes === undefined ? {} : { packetBytes };
  });

function readOptions(
  provider: string,
  options: MeshSessionOptions,
): Omit<StreamSettings, 'provider'> & { mesh: string } {
  const problems = new Problems();
  const read = readObject(`@MeshSession of ${provider}`, options, problems, (reader) => {
    if (options?.topic === undefined) problems.note(`@MeshSession of ${provider} names no topic`);
    return {
      topic: reader.take('topic', topic, () => ''),
      replyTopic: reader.takeOptional('replyTopic', topic),
      splitting: reader.takeOptional('splitting', splitting),
      prefetch: reader.take('prefetch', wholeNumber(1, 1_000_000), () => 16),
      idleTimeoutMs: reader.takeOptional('idleTimeoutMs', milliseconds(1)),
      timeoutMs: reader.take('timeoutMs', milliseconds(1), () => 10_000),
      maxMessages: reader.take('maxMessages', wholeNumber(1, 10_000_000), () => 1_024),
      maxBytes: reader.take('maxBytes', wholeNumber(1, Number.MAX_SAFE_INTEGER), () => 16 * 1_024 * 1_024),
      mesh: reader.take('mesh', text(/^\S{1,128}$/, 'the name of a mesh'), () => DEFAULT_MESH),
    };
  });
  if (read.splitting && read.topic.endsWith('/*')) {
    problems.note(`@MeshSession of ${provider} cannot have splitting for the prefix '${read.topic}': name the topics`);
  }
  problems.throwIfAny();
  return read;
}

/** Classes as the types of the stream and of the context would make ValidationPipe copy them as if they were payloads. */
function keepAsTheyAre(prototype: object, method: string | symbol): void {
  const types = [...((Reflect.getMetadata(PARAMTYPES_METADATA, prototype, method) as unknown[] | undefined) ?? [])];
  const parameters = (Reflect.getMetadata(ROUTE_ARGS_METADATA, prototype.constructor, method) ?? {}) as Record<
    string,
    { readonly index: number }
  >;
  const ours: unknown[] = [RpcParamtype.PAYLOAD, RpcParamtype.CONTEXT];
  const kept = Object.entries(parameters).filter(([key]) => ours.includes(Number(key.split(':')[0])));
  // Without any decorator the first parameter is the stream, the second the context.
  const indexes = Object.keys(parameters).length > 0 ? kept.map(([, { index }]) => index) : [0, 1];
  for (const index of indexes) if (index < types.length) types[index] = Object;
  Reflect.defineMetadata(PARAMTYPES_METADATA, types, prototype, method);
}
