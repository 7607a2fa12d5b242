import { toAnswerError } from '../../errors/from-unknown.js';
import { MeshCode } from '../../errors/mesh-code.js';
import { MeshError } from '../../errors/mesh-error.js';
import { failureEnvelope, successEnvelope } from '../../protocol/envelope.js';
import { readRegistration, readRegistrations } from '../../registry/read-registration.js';
import type { Registration } from '../../registry/registration.js';
import type { Registrations } from '../../registry/registrations.js';
import type { Codec } from '../../codec/codec.js';
import type { Acceptor, CallAnswer, InboundCall } from '../../transport/transport.js';

/** Path at which instances register over HTTP (standard, registration). */
export const REGISTER_PATH = '/v1/interconn/registry/register';

/**
 * Serves registrations over HTTP: `POST` with one registration in JSON, or an array of them, whatever the content type says.
 * What becomes of it is in the answer's `code`.
 */
export class RegisterEndpoint {
  /** @param codec reads the bodies, and writes the answers: JSON */
  constructor(
    private readonly registrations: Registrations,
    private readonly codec: Codec,
  ) {}

  /** Finds the handler of the path. */
  readonly accept: Acceptor = (path) => (path === REGISTER_PATH ? this.serve : undefined);

  private readonly serve = async (call: InboundCall): Promise<CallAnswer> => ({
    body: this.codec.encode(await this.answer(call)),
    contentType: 'application/json',
  });

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
