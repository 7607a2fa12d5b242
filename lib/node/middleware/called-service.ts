import type { CallCodecs } from '../../codec/call-codecs.js';
import { splitRequest } from '../../protocol/envelope.js';
import { Header } from '../../protocol/headers.js';
import { parseUrn } from '../../protocol/urn.js';
import { MESH_INVOKE_PATH, MESH_RPC_PATH, type InboundHead } from '../../transport/transport.js';

/** URNs whose services are remembered. They come from peers, so their number is bounded; beyond, they are parsed each time. */
const MAX_URNS = 4_096;

/** What tells the service that is called. */
type CalledHead = Pick<InboundHead, 'path' | 'wire' | 'contentType' | 'headers'>;

/** Whether services are called by RPC at a path. */
export function isRpcPath(path: string): boolean {
  return path === MESH_RPC_PATH || path === MESH_INVOKE_PATH;
}

/** Tells which service a call by RPC calls. */
export class CalledServices {
  private readonly byUrn = new Map<string, string>();

  /** @param codecs read the body of a call whose headers name no service */
  constructor(private readonly codecs: CallCodecs) {}

  /**
   * Name of the service that is called; empty for what is no RPC, and for what names none. The header counts; only where there is
   * none is the body read, for there its server will look.
   */
  of(called: CalledHead & { readonly body?: unknown }): string {
    const { path, headers, body } = called;
    if (!isRpcPath(path)) return '';
    const urn = headers[Header.URN] || (body instanceof Uint8Array ? this.urnIn(body, called) : undefined);
    return urn ? this.serviceOf(urn) : '';
  }

  private serviceOf(urn: string): string {
    const known = this.byUrn.get(urn);
    if (known !== undefined) return known;
    const name = nameIn(urn);
    if (this.byUrn.size < MAX_URNS) this.byUrn.set(urn, name);
    return name;
  }

  private urnIn(body: Uint8Array, called: CalledHead): string | undefined {
    try {
      return splitRequest(this.codecs.ofCall(called, undefined).decode(body)).attachments[Header.URN];
    } catch {
      // Whoever serves the call says what is wrong with it.
      return undefined;
    }
  }
}

function nameIn(urn: string): string {
  try {
    return parseUrn(urn).name;
  } catch {
    return '';
  }
}
