import { toAnswerError } from '../../errors/from-unknown.js';
import { MeshCode } from '../../errors/mesh-code.js';
import { MeshError } from '../../errors/mesh-error.js';
import { failureEnvelope, successEnvelope } from '../../protocol/envelope.js';
import { readRegistration, readRegistrations } from '../../registry/read-registration.js';
import type { Registration } from '../../registry/registration.js';
import type { Registrations } from '../../registry/registrations.js';
import type { Codec } from '../../codec/codec.js';
import { type Acceptor, type CallAnswer, type InboundCall, refusing } from '../../transport/transport.js';
import type { OperatorGate } from '../administration/operator-gate.js';

/** Path at which instances register over HTTP (standard, registration). */
export const REGISTER_PATH = '/v1/interconn/registry/register';

/**
 * Serves registrations over HTTP: `POST` with one registration in JSON, or an array of them, whatever the content type says.
 * What becomes of it is in the answer's `code`.
 */
export class RegisterEndpoint {
  /**
   * @param codec reads the bodies, and writes the answers: JSON
   * @param gate tells who may register; who may not is told so by HTTP itself
   */
  constructor(
    private readonly registrations: Registrations,
    private readonly codec: Codec,
    private readonly gate: OperatorGate,
  ) {}

  /** Finds the handler of the path. */
  readonly accept: Acceptor = (path) => (path === REGISTER_PATH ? this.serve : undefined);

  private readonly serve = refusing(
    async (call: InboundCall): Promise<CallAnswer> => {
      this.gate.admitToRegistry({ head: call });
      return this.answered(await this.answer(call));
    },
    (error) => this.answered(failureEnvelope(error)),
  );

  private answered(envelope: unknown): CallAnswer {
    return { body: this.codec.encode(envelope), contentType: 'application/json' };
  }

  private async answer({ method, path, body }: InboundCall): Promise<unknown> {
    try {
      if (method !== 'POST') {
        throw new MeshError(MeshCode.NOT_PERMITTED, `'${path}' is called by POST, not by ${method}`);
      }
      await this.registrations.puts(read(this.codec.decode(body)));
      return successEnvelope(null);
    } catch (error) {
      return failureEnvelope(toAnswerError(error));
    }
  }
}

/** Some put it under the name that it has as an argument. */
function read(body: unknown): readonly Registration[] {
  if (Array.isArray(body)) return readRegistrations(body);
  const { registration, registrations } = Object(body) as Readonly<Record<string, unknown>>;
  return registrations === undefined ? [readRegistration(registration ?? body)] : readRegistrations(registrations);
}
