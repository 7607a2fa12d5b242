import { toMeshError } from '../errors/from-unknown.js';
import type { Dialect, FieldFormats, RawRequest } from '../protocol/dialect.js';
import { readForwarded } from '../protocol/interconnect.js';
import type { SessionEndpoint } from '../session/session-endpoint.js';
import { failureAnswer } from '../session/session-service.js';
import type { Acceptor, CallAnswer, CallHandler, InboundCall } from '../transport/transport.js';
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
  private readonly handlers: ReadonlyMap<string, CallHandler>;

  constructor(private readonly parts: NodeWireParts) {
    const serve: CallHandler = (call) => this.serve(call);
    const paths = [INVOKE_PATH, TRANSPORT_PATH].flatMap((path) => Object.values(path));
    this.handlers = new Map(paths.map((path) => [path, serve]));
  }

  /** Finds the handler of a path between nodes. */
  readonly accept: Acceptor = (path) => this.handlers.get(path);

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
