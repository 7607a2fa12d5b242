import { MeshCode } from '../../errors/mesh-code.js';
import { MeshError } from '../../errors/mesh-error.js';
import type { Dialect, FieldFormats } from '../../protocol/dialect.js';
import type { SessionRequest } from '../../protocol/session-call.js';
import type { Connection } from '../../transport/transport.js';
import { grpcSessionPath, httpSessionPath } from '../session-endpoint.js';
import type { SessionOutcome, SessionWait } from '../session-service.js';
import type { SessionPort } from './session-port.js';

/** How a node is spoken to. */
export interface RemoteNode {
  /** Connection to the node; asked for with every call. */
  connection(): Connection;
  readonly wire: 'grpc' | 'http';
  readonly dialect: Dialect;
  /** Content type of requests over HTTP. */
  readonly contentType: string;
}

/** A node elsewhere, spoken to by its session API. */
export class RemotePort implements SessionPort {
  constructor(
    private readonly node: RemoteNode,
    private readonly formats: FieldFormats,
  ) {}

  async call(request: SessionRequest, wait: SessionWait): Promise<SessionOutcome> {
    const { wire, dialect, contentType } = this.node;
    const connection = this.node.connection();
    const place = connection.takesTails ? 'behind' : 'within';
    const raw = dialect.writeRequest(request, wire, contentType, this.formats, place);
    const path = wire === 'grpc' ? grpcSessionPath(request.operation) : httpSessionPath(request.operation);
    const { body, ...answer } = await connection.exchange({
      path: raw.query === '' ? path : `${path}?${raw.query}`,
      headers: wire === 'http' && raw.contentType ? { ...raw.headers, 'content-type': raw.contentType } : raw.headers,
      body: raw.body,
      tail: raw.tail,
      deadline: wait.deadline,
      cancellation: wait.cancellation,
    });
    if (wire === 'http' && answer.status !== 200) throw refusal(answer.status, path);
    const read = dialect.readAnswer(request.operation, wire, { body, contentType: answer.contentType }, this.formats);
    // What the other side has handed out cannot be given back over the wire.
    return { answer: read, settle: () => undefined };
  }
}

function refusal(status: number, path: string): MeshError {
  return new MeshError(
    status === 404 ? MeshCode.NO_SERVICE : MeshCode.SYSTEM_ERROR,
    `'${path}' answered HTTP ${status}`,
  );
}
