import { MeshCode } from '../../errors/mesh-code.js';
import { MeshError } from '../../errors/mesh-error.js';
import type { ResolvedPartner } from '../../options/partner-options.js';
import { wireOf } from '../../options/peer-transport.js';
import type { Dialect, FieldFormats } from '../../protocol/dialect.js';
import { type Encoding, isProtobuf, PROTOBUF } from '../../protocol/dialects/content.js';
import type { SessionRequest } from '../../protocol/session-call.js';
import { AddressList } from './address-list.js';

/**
 * What the body of a push is to a partner: a message that holds the payload, or the payload itself, as yacl has it over HTTP.
 */
export type BodyForm = 'message' | 'payload';

/** A partner's node, and how it is spoken to. */
export class Partner {
  readonly addresses: AddressList;
  /** How a message is encoded for it. */
  readonly encoding: Encoding;
  readonly form: BodyForm;

  /**
   * @throws MeshError E0000000616 when nothing here can encode its content type; E0000000400 when its dialect cannot be
   * spoken in its mode
   */
  constructor(
    readonly route: ResolvedPartner,
    readonly dialect: Dialect,
    formats: FieldFormats,
  ) {
    const { contentType, mode } = route;
    const wire = wireOf(route.transport);
    this.addresses = new AddressList(route.addresses);
    this.encoding = { wire, contentType: wire === 'grpc' ? PROTOBUF : contentType };
    const written = dialect.writeRequest(SAMPLE, wire, contentType, formats);
    this.form = bodyFormOf(SAMPLE, written.body);
    if (this.form === 'message' && !isProtobuf(this.encoding)) formats(contentType);
    if (mode !== 'wrapped' || this.form === 'message') return;
    const message = `the dialect '${route.dialect}' cannot be wrapped over ${wire}: its push is the bare payload`;
    throw new MeshError(MeshCode.INVALID_REQUEST, message);
  }
}

/** What the body of a push is. Dialects hand a bare payload on as it is. */
export function bodyFormOf({ payload }: SessionRequest, body: Uint8Array): BodyForm {
  return body === payload ? 'payload' : 'message';
}

/** A push by which it shows what a dialect does. */
const SAMPLE: SessionRequest = {
  operation: 'push',
  session: 'sample',
  topic: 'sample',
  payload: Uint8Array.of(1),
  timeoutMs: undefined,
  metadata: {},
  messageId: '',
  parties: { sourceNodeId: '', sourceInstId: '', targetNodeId: '', targetInstId: '' },
  traceId: '',
  token: '',
  providerCode: '',
};
