import { toMeshError } from '../errors/from-unknown.js';
import type { Dialect, FieldFormats, RawAnswer, RawRequest } from '../protocol/dialect.js';
import { recogniseDialect } from '../protocol/dialects/recognise.js';
import type { SessionOperation } from '../protocol/session-call.js';
import type { Acceptor, CallAnswer, CallHandler, InboundCall } from '../transport/transport.js';
import type { SessionPort } from './handle/session-port.js';
import { failureAnswer, type SessionOutcome, type Settlement } from './session-service.js';

const OPERATIONS: readonly SessionOperation[] = ['push', 'pop', 'peek', 'release'];

/** Path of a session call over gRPC (standard, north-south). */
export function grpcSessionPath(operation: SessionOperation): string {
  return `/org.ppc.ptp.PrivateTransferTransport/${operation}`;
}

/** Path of a session call over HTTP (standard, north-south). */
export function httpSessionPath(operation: SessionOperation): string {
  return `/v1/interconn/chan/${operation}`;
}

/** What an endpoint reads and writes with. */
export interface SessionWireParts {
  /** The dialects spoken; the surest to recognise a request reads it. */
  readonly dialects: readonly Dialect[];
  /** The dialect of a request that shows none. */
  readonly fallback: Dialect;
  readonly formats: FieldFormats;
  /** Where the calls go. */
  readonly port: SessionPort;
}

/** Serves the session API on the wire: reads each request in the dialect that it shows, and answers in the same. */
export class SessionEndpoint {
  private readonly handlers = new Map<string, CallHandler>();

  constructor(private readonly parts: SessionWireParts) {
    for (const operation of OPERATIONS) {
      const handler: CallHandler = (call) => this.serve(operation, call);
      this.handlers.set(grpcSessionPath(operation), handler);
      this.handlers.set(httpSessionPath(operation), handler);
    }
  }

  /** Finds the handler of a path of the session API. */
  readonly accept: Acceptor = (path) => this.handlers.get(path);

  private async serve(operation: SessionOperation, call: InboundCall): Promise<CallAnswer> {
    const raw = rawRequest(operation, call);
    const dialect = recogniseDialect(this.parts.dialects, raw, this.parts.fallback);
    const outcome = await this.outcome(dialect, raw, call);
    const settle = (how: Settlement): void => outcome.settle(how);
    try {
      return answerOf(dialect.writeAnswer(raw, outcome.answer, this.parts.formats), settle);
    } catch (error) {
      settle('lost');
      throw error;
    }
  }

  private async outcome(dialect: Dialect, raw: RawRequest, call: InboundCall): Promise<SessionOutcome> {
    try {
      const request = dialect.readRequest(raw, this.parts.formats);
      return await this.parts.port.call(request, { deadline: call.deadline, cancellation: call.cancellation });
    } catch (error) {
      return { answer: failureAnswer(toMeshError(error)), settle: () => undefined };
    }
  }
}

function rawRequest(operation: SessionOperation, call: InboundCall): RawRequest {
  const { wire, headers, query, contentType, body } = call;
  return { operation, wire, headers, query, contentType, body };
}

function answerOf({ body, contentType }: RawAnswer, settle: (how: Settlement) => void): CallAnswer {
  return { body, contentType, settle: (delivered) => settle(delivered ? 'delivered' : 'lost') };
}
