import { toMeshError } from '../errors/from-unknown.js';
import type { MeshError } from '../errors/mesh-error.js';
import type { Dialect, FieldFormats, RawRequest } from '../protocol/dialect.js';
import { type ForwardedRequest, readForwarded } from '../protocol/interconnect.js';
import { serveConversations } from '../session/conversation/inbound-conversation.js';
import type { SessionEndpoint } from '../session/session-endpoint.js';
import { failureAnswer } from '../session/session-service.js';
import {
  type Acceptor,
  type CallAnswer,
  type CallHandler,
  type Endpoint,
  type InboundCall,
  refusing,
} from '../transport/transport.js';
import { INVOKE_PATH, TRANSPORT_PATH } from './paths.js';

/** What a {@link NodeEndpoint} works with. */
export interface NodeWireParts {
  /** Serves what was handed on, once it is unwrapped. */
  readonly sessions: Pick<SessionEndpoint, 'serve' | 'refuse'>;
  /** Writes the answer to what cannot be read. */
  readonly dialect: Dialect;
  readonly formats: FieldFormats;
}

/** Serves what other nodes hand on (standard, east-west), wrapped and as it came, and answers in the request's content type. */
export class NodeEndpoint {
  private readonly endpoints: ReadonlyMap<string, Endpoint>;

  constructor(private readonly parts: NodeWireParts) {
    const call: CallHandler = refusing(
      (one) => this.serve(one),
      (error, one) => this.refuse(one, error),
    );
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
    const came = cameAs(call);
    let raw: RawRequest;
    try {
      raw = readForwarded(came, this.parts.formats);
    } catch (error) {
      return this.fail(came, toMeshError(error));
    }
    return this.parts.sessions.serve(raw, call);
  }

  private refuse(call: InboundCall, error: MeshError): CallAnswer {
    const came = cameAs(call);
    try {
      return this.parts.sessions.refuse(readForwarded(came, this.parts.formats), error);
    } catch {
      return this.fail(came, error);
    }
  }

  /** Answers what could not be unwrapped. */
  private fail(came: ForwardedRequest, error: MeshError): CallAnswer {
    return this.parts.dialect.writeAnswer({ ...came, operation: 'push' }, failureAnswer(error), this.parts.formats);
  }
}

function cameAs({ wire, headers, query, contentType, body }: InboundCall): ForwardedRequest {
  return { wire, headers, query, contentType, body };
}
