import { toMeshError } from '../errors/from-unknown.js';
import type { Dialect, FieldFormats, RawRequest } from '../protocol/dialect.js';
import { readForwarded } from '../protocol/interconnect.js';
import { serveConversations } from '../session/conversation/inbound-conversation.js';
import type { SessionEndpoint } from '../session/session-endpoint.js';
import { failureAnswer } from '../session/session-service.js';
import type { Acceptor, CallAnswer, CallHandler, Endpoint, InboundCall } from '../transport/transport.js';
import { INVOKE_PATH, TRANSPORT_PATH } from './paths.js';

/** What a {@link NodeEndpoint} works with. */
export interface NodeWireParts {
  /** Serves what was handed on, once it is unwrapped. */
  readonly sessions: Pick<SessionEndpoint, 'serve'>;
  /** Writes the answer to what cannot be read. */
  readonly dialect: Dialect;
  readonly formats: FieldFormats;
}

/** Serves what other nodes hand on (standard, east-west), wrapped and as it came, and answers in the request's content type. */
export class NodeEndpoint {
  private readonly endpoints: ReadonlyMap<string, Endpoint>;

  constructor(private readonly parts: NodeWireParts) {
    const call: CallHandler = (one) => this.serve(one);
    const stream = serveConversations((raw, wait) => parts.sessions.serve(raw, wait));
    this.endpoints = new Map<string, Endpoint>([
      [INVOKE_PATH.grpc, call],
      [INVOKE_PATH.http, call],
      [TRANSPORT_PATH.grpc, { stream }],
      [TRANSPORT_PATH.http, call],
    ]);
  }

  /** Finds what serves a path between nodes. */
  readonly accept: Acceptor = (path) => this.endpoints.get(path);

  private async serve(call: InboundCall): Promise<CallAnswer> {
    const { wire, headers, query, contentType, body } = call;
    const came = { wire, headers, query, contentType, body };
    let raw: RawRequest;
    try {
      raw = readForwarded(came, this.parts.formats);
    } catch (error) {
      const answer = failureAnswer(toMeshError(error));
      return this.parts.dialect.writeAnswer({ ...came, operation: 'push' }, answer, this.parts.formats);
    }
    return this.parts.sessions.serve(raw, call);
  }
}
