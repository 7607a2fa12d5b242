import type { InboundCall, InboundHead, WireHeaders } from '../../transport/transport.js';
import type { PartnerRoute } from '../partners/partner-route.js';
import type { CalledUrn } from './called-urns.js';
import type { Destination } from './destination.js';

/** What a call calls, and where it goes. */
export interface Found {
  readonly called: CalledUrn;
  readonly destination: Destination;
}

/** What was found for a head. */
interface Known extends Found {
  /** Another listener may not let the same be called. */
  readonly admits: InboundCall['admits'];
  /** Until when: ms since the epoch, `Infinity` as long as nothing changes. */
  readonly until: number;
}

/** By what it is known how long a destination holds. */
export interface KnownDestinationsParts {
  /** Grows when a call may go elsewhere than before. */
  readonly revision: { readonly current: number };
  readonly partners: { route(nodeId: string): PartnerRoute | undefined };
}

/** Where calls with one head go: a connection hands out the same headers for all of them, so that this is found once. */
export class KnownDestinations {
  private known = new WeakMap<WireHeaders, Known>();
  private revision = 0;

  constructor(private readonly parts: KnownDestinationsParts) {}

  /** What was {@link keep kept} for calls with this head, unless something has changed since. */
  get({ headers, admits }: Pick<InboundHead, 'headers' | 'admits'>): Found | undefined {
    const known = this.current().get(headers);
    if (!known || known.admits !== admits) return undefined;
    return known.until === Infinity || Date.now() < known.until ? known : undefined;
  }

  /** Keeps what was found just now. */
  keep({ headers, admits }: Pick<InboundHead, 'headers' | 'admits'>, { called, destination }: Found): Found {
    const known = { called, destination, admits, until: this.endOf(destination) };
    this.current().set(headers, known);
    return known;
  }

  /** What holds still: all is forgotten when anything has changed. */
  private current(): WeakMap<WireHeaders, Known> {
    const { current } = this.parts.revision;
    if (this.revision !== current) {
      this.known = new WeakMap();
      this.revision = current;
    }
    return this.known;
  }

  /** An agreement with a partner ends without anybody changing anything. */
  private endOf(destination: Destination): number {
    if (destination.to !== 'partner') return Infinity;
    return this.parts.partners.route(destination.partner.route.nodeId)?.details.expireAt || Infinity;
  }
}
