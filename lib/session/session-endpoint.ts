import { toMeshError } from '../errors/from-unknown.js';
import type { MeshError } from '../errors/mesh-error.js';
import type { Dialect, FieldFormats, RawAnswer, RawRequest, Written } from '../protocol/dialect.js';
import { recogniseDialect } from '../protocol/dialects/recognise.js';
import type { SessionOperation } from '../protocol/session-call.js';
import {
  type Acceptor,
  type CallAnswer,
  type CallHandler,
  type InboundCall,
  refusing,
} from '../transport/transport.js';
import { DrainingWaits } from './draining-waits.js';
import type { SessionPort } from './handle/session-port.js';
import { failureAnswer, type SessionOutcome, type SessionWait, type Settlement } from './session-service.js';
import type { PayloadPlace } from '../protocol/payload-place.js';

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
  private readonly waits = new DrainingWaits();

  constructor(private readonly parts: SessionWireParts) {
    for (const operation of OPERATIONS) {
      const handler: CallHandler = refusing(
        (call) => this.serve(rawRequest(operation, call), call, call.takesTails ? 'behind' : 'within'),
        (error, call) => this.refuse(rawRequest(operation, call), error),
      );
      this.handlers.set(grpcSessionPath(operation), handler);
      this.handlers.set(httpSessionPath(operation), handler);
    }
  }

  /** Finds the handler of a path of the session API. */
  readonly accept: Acceptor = (path) => this.handlers.get(path);

  /**
   * Serves a request, wherever its bytes came from, and answers in its dialect. What goes wrong is the answer's code.
   *
   * @param place `behind` when a payload may stand behind the answer's body; absent: `within`
   */
  async serve(raw: RawRequest, wait: SessionWait, place?: PayloadPlace): Promise<CallAnswer> {
    const dialect = recogniseDialect(this.parts.dialects, raw, this.parts.fallback);
    const outcome = await this.outcome(dialect, raw, wait);
    const settle = (how: Settlement): void => outcome.settle(how);
    try {
      return answerOf(dialect.writeAnswer(raw, outcome.answer, this.parts.formats, place), settle);
    } catch (error) {
      settle('lost');
      throw error;
    }
  }

  /** Answers a request that is not to be served, in its dialect. */
  refuse(raw: RawRequest, error: MeshError): CallAnswer {
    const dialect = recogniseDialect(this.parts.dialects, raw, this.parts.fallback);
    const { body, contentType } = dialect.writeAnswer(raw, failureAnswer(error), this.parts.formats);
    return { body, contentType };
  }

  /**
   * Ends the pops that wait, as though their time had passed, and lets none wait any more: to be called when the port takes
   * no new calls.
   */
  drain(): void {
    this.waits.end();
  }

  private async outcome(dialect: Dialect, raw: RawRequest, wait: SessionWait): Promise<SessionOutcome> {
    try {
      const request = dialect.readRequest(raw, this.parts.formats);
      const { deadline, cancellation } = wait;
      const serve = (until: SessionWait) => this.parts.port.call(request, until, raw);
      return await (request.operation === 'pop' ? this.waits.serve(wait, serve) : serve({ deadline, cancellation }));
    } catch (error) {
      return { answer: failureAnswer(toMeshError(error)), settle: () => undefined };
    }
  }
}

function rawRequest(operation: SessionOperation, call: InboundCall): RawRequest {
  const { wire, headers, query, contentType, body } = call;
  return { operation, wire, headers, query, contentType, body };
}

function answerOf({ body, tail, contentType }: RawAnswer & Written, settle: (how: Settlement) => void): CallAnswer {
  return { body, tail, contentType, settle: (delivered) => settle(delivered ? 'delivered' : 'lost') };
}
