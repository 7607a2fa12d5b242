import { onTestFinished } from 'vitest';
import { Cancellation } from '../../lib/context/cancellation.js';
import { MeshCode } from '../../lib/errors/mesh-code.js';
import { CONVERSATION_PATH } from '../../lib/protocol/conversation.js';
import type { Outbound } from '../../lib/protocol/ptp/messages.js';
import { decodePtp } from '../../lib/protocol/ptp/protobuf-reader.js';
import { encodePtp } from '../../lib/protocol/ptp/protobuf-writer.js';
import { DIALECT } from '../../lib/protocol/dialect.js';
import { StandardDialect } from '../../lib/protocol/dialects/standard/standard-dialect.js';
import { MeshDialect } from '../../lib/protocol/dialects/mesh/mesh-dialect.js';
import type { MeshOptions } from '../../lib/options/mesh-options.js';
import { resolveMeshOptions } from '../../lib/options/resolve-options.js';
import {
  type ConversationBounds,
  type ServeRaw,
  serveConversations,
} from '../../lib/session/conversation/inbound-conversation.js';
import { LocalPort } from '../../lib/session/handle/local-port.js';
import { MemorySessionStore } from '../../lib/session/memory/memory-session-store.js';
import { SessionEndpoint } from '../../lib/session/session-endpoint.js';
import { SessionService } from '../../lib/session/session-service.js';
import { GrpcTransport } from '../../lib/transport/grpc/grpc-transport.js';
import type { Connection, DuplexStream, InboundStream, Listener } from '../../lib/transport/transport.js';
import { startRelay, type Relay } from './relay.js';

/** A request of the session API, as it is put into an `Inbound`. */
export interface SaidRequest {
  readonly session?: string;
  readonly topic?: string;
  readonly text?: string;
  readonly timeoutMs?: number;
  readonly metadata?: Readonly<Record<string, string>>;
}

export const PUSH = '/org.ppc.ptp.PrivateTransferTransport/push';
export const POP = '/org.ppc.ptp.PrivateTransferTransport/pop';
export const PEEK = '/org.ppc.ptp.PrivateTransferTransport/peek';
export const ACKNOWLEDGE = '/org.ppc.ptp.PrivateTransferTransport/acknowledge';

/** Encodes an `Inbound`. */
export function inbound(
  uri: string,
  { session = 's', topic = 't', text = '', timeoutMs, metadata }: SaidRequest = {},
): Uint8Array {
  const body =
    uri === PUSH
      ? encodePtp('PushInbound', { topic, payload: Buffer.from(text), metadata: {} })
      : encodePtp('PopInbound', { topic, timeout: timeoutMs ?? 0 });
  return encodePtp('Inbound', {
    metadata: { 'x-ptp-uri': uri, 'x-ptp-session-id': session, ...metadata },
    payload: body,
  });
}

/** A pop whose message is kept until it is acknowledged. */
export function subscribingPop(timeoutMs: number, acknowledged?: number): Uint8Array {
  const metadata = { 'mesh-acknowledge': '1', ...(acknowledged && { 'mesh-acknowledged': `${acknowledged}` }) };
  return inbound(POP, { timeoutMs, metadata });
}

/** The answers that come on a stream, one after the other. */
export class Answers {
  private readonly iterator: AsyncIterator<Uint8Array>;

  constructor(readonly stream: DuplexStream) {
    this.iterator = stream.messages[Symbol.asyncIterator]();
  }

  /** The next; `undefined` at the end. */
  async next(): Promise<Outbound | undefined> {
    const { done, value } = await this.iterator.next();
    return done ? undefined : decodePtp('Outbound', value as Uint8Array);
  }

  /** The texts of the next answers, each of which must be a success. */
  async texts(count: number): Promise<string[]> {
    const texts: string[] = [];
    for (let i = 0; i < count; i++) {
      const answer = await this.next();
      if (answer?.code !== MeshCode.SUCCESS) throw new Error(`answer ${i}: ${answer?.code} ${answer?.message}`);
      texts.push(Buffer.from(answer.payload).toString());
    }
    return texts;
  }
}

/** A node that serves conversations out of a store, on a real socket. */
export class ConversationNode {
  readonly streams: InboundStream[] = [];
  private constructor(
    readonly store: MemorySessionStore,
    readonly listener: Listener,
    readonly transport: GrpcTransport,
    readonly connection: Connection,
    readonly relay: Relay,
  ) {}

  /** @param serve what serves the calls, given what would */
  static async start({
    options = {},
    bounds = {},
    serve = (next) => next,
  }: {
    readonly options?: MeshOptions;
    readonly bounds?: ConversationBounds;
    readonly serve?: (next: ServeRaw) => ServeRaw;
  } = {}): Promise<ConversationNode> {
    const resolved = resolveMeshOptions({ grpc: { reconnectMinMs: 5, reconnectMaxMs: 20 }, ...options }, {});
    const store = new MemorySessionStore(resolved);
    const port = new LocalPort(new SessionService(store, resolved), resolved);
    const standard = new StandardDialect();
    const endpoint = new SessionEndpoint({
      dialects: [standard, new MeshDialect()],
      fallback: standard,
      formats: (type) => {
        throw new Error(`${DIALECT.name}: no format for ${type}`);
      },
      port,
    });
    const transport = new GrpcTransport(resolved);
    const streams: InboundStream[] = [];
    const handler = serveConversations(
      serve((raw, wait) => endpoint.serve(raw, wait)),
      bounds,
    );
    const listener = await transport.listen({ host: '127.0.0.1', port: 0 }, (path) =>
      path === CONVERSATION_PATH
        ? {
            stream: (stream) => {
              streams.push(stream);
              return handler(stream);
            },
          }
        : undefined,
    );
    const relay = await startRelay(listener.address);
    const connection = transport.dial(relay.address);
    const node = new ConversationNode(store, listener, transport, connection, relay);
    Object.assign(node, { streams });
    onTestFinished(async () => {
      connection.destroy();
      listener.destroy();
      await store.close();
    });
    return node;
  }

  /** Opens a conversation. */
  open(headers: Readonly<Record<string, string>> = {}): DuplexStream {
    return this.connection.open({
      path: CONVERSATION_PATH,
      headers: Object.assign(Object.create(null) as Record<string, string>, headers),
      cancellation: new Cancellation(),
    });
  }

  /** The texts left in the queue of topic `t` of session `s`. */
  async rest(): Promise<string[]> {
    const texts: string[] = [];
    for (;;) {
      const delivery = await this.store.pop(
        { session: 's', topic: 't' },
        { deadline: 0, cancellation: new Cancellation() },
      );
      if (!delivery) return texts;
      delivery.confirm();
      texts.push(Buffer.from(delivery.message.payload).toString());
    }
  }
}
