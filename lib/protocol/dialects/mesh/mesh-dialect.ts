import { MeshCode } from '../../../errors/mesh-code.js';
import { MeshExtension } from '../../../kernel/extension.decorator.js';
import { DIALECT, type FieldFormats, type RawRequest, type Written } from '../../dialect.js';
import { Header, isHeaderValue } from '../../headers.js';
import type { SessionRequest } from '../../session-call.js';
import { EnvelopeDialect } from '../envelope-dialect.js';
import { emptyRecord } from '../../../collections/records.js';
import { writeTimeout } from '../fields.js';
import { setHeader } from '../head.js';
import type { PayloadPlace } from '../../payload-place.js';

/** Headers with `mesh-` that say nothing of the dialect, since our own calls have them in each. */
const OURS: ReadonlySet<string> = new Set([Header.MESSAGE_ID, Header.NODES_PASSED, Header.ACKNOWLEDGE]);

/** The host that M's nodes and SDKs name in `x-ptp-uri`. */
const HOST = '://ptp.cn/';

/** The session API of mesh nodes and their SDKs: topic and timeout in the headers win over those in the body. */
@MeshExtension(DIALECT, 'mesh')
export class MeshDialect extends EnvelopeDialect {
  constructor() {
    super({
      spelling: { layout: 'standard', payload: 'payload', message: 'message', none: MeshCode.SUCCESS },
      precedence: 'headers',
    });
  }

  override recognise({ headers }: RawRequest): number {
    if (headers[Header.URI]?.includes(HOST)) return 2;
    for (const name in headers) if (name.startsWith('mesh-') && !OURS.has(name)) return 2;
    return 0;
  }

  /** Nodes of M that are asked by another node look for topic and timeout in the headers only. */
  override writeRequest(
    request: SessionRequest,
    wire: 'grpc' | 'http',
    contentType: string,
    formats: FieldFormats,
    place?: PayloadPlace,
  ): RawRequest & Written {
    const raw = super.writeRequest(request, wire, contentType, formats, place);
    const headers = Object.assign(emptyRecord(), raw.headers);
    if (isHeaderValue(request.topic)) setHeader(headers, Header.TOPIC, request.topic);
    if (request.timeoutMs !== undefined) setHeader(headers, Header.TIMEOUT, String(writeTimeout(request.timeoutMs)));
    return { ...raw, headers };
  }
}
