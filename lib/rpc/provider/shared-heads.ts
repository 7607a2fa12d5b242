import type { ExpectsBytes } from '../../codec/packed-content.js';
import type { Party } from '../../context/mesh-context.js';
import { Header, readHeader } from '../../protocol/headers.js';
import type { InboundCall, WireHeaders } from '../../transport/transport.js';
import { expectsBytes } from '../facade/wire-type.js';
import type { CallReading } from './call-form.js';
import { carriedHeaders } from './inbound-context.js';
import type { CalledService } from './service-table.js';

/** What the head of a packed call says: the same for all calls with it. */
export interface CallHead {
  readonly called: CalledService;
  /** Where the arguments have bytes. */
  readonly bytesAt: ExpectsBytes;
  readonly source: Party;
  readonly target: Party;
  /** Headers that the calls below carry on. */
  readonly carried: WireHeaders;
}

/** A head that was read, for calls that came in where the same services may be called. */
interface KnownHead extends CallHead {
  readonly admits: InboundCall['admits'];
}

/** Reads the heads of packed calls, each once: a connection hands out the same headers for all calls with one head. */
export class SharedHeads {
  private known = new WeakMap<WireHeaders, KnownHead>();
  private revision = 0;

  constructor(private readonly reading: CallReading) {}

  /** @throws MeshError E0000000400 or E0000000617 when it calls nothing that may be called */
  of(call: InboundCall): CallHead {
    const { headers, admits } = call;
    if (this.revision !== this.reading.revision) this.forget();
    const known = this.known.get(headers);
    if (known && known.admits === admits) return known;
    const head = { ...this.read(call), admits };
    this.known.set(headers, head);
    return head;
  }

  private forget(): void {
    this.known = new WeakMap();
    this.revision = this.reading.revision;
  }

  private read(call: InboundCall): CallHead {
    const { headers } = call;
    const called = this.reading.find(headers[Header.URN], call);
    const said = (header: Header): string => readHeader(headers, header) ?? '';
    return {
      called,
      bytesAt: expectsBytes(called.provider.wire),
      source: Object.freeze({ nodeId: said(Header.SOURCE_NODE_ID), instId: said(Header.SOURCE_INST_ID) }),
      target: Object.freeze({
        nodeId: said(Header.TARGET_NODE_ID) || called.nodeId,
        instId: said(Header.TARGET_INST_ID),
      }),
      carried: carriedHeaders(headers),
    };
  }
}
