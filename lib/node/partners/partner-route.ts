import type { ResolvedPartner } from '../../options/partner-options.js';

/** Bits of the status of a partner's route (standard, `net/refresh`). */
export const RouteStatus = {
  /** A connection to the partner has been made. */
  CONNECTED: 1,
  /** Both sides have agreed to talk. */
  WEAVED: 2,
  /** Entered by hand: by options, by a file, or by administration. */
  BY_HAND: 4,
  /** Found by itself. */
  DISCOVERED: 8,
  /** This side has asked the partner, and waits for its answer. */
  ASKING: 16,
  /** Switched off: what is meant for the partner is E0000000606. */
  DISABLED: 32,
  /** Taken out of the network. */
  REMOVED: 64,
  /** The partner has asked, and waits for the answer of this side. */
  APPROVING: 128,
  /** Stands for something that is no node of its own. */
  VIRTUAL: 256,
  /** The one side has refused the other. */
  REJECTED: 512,
} as const;

/** Where the route of a partner comes from. What comes from options or a file is not kept elsewhere. */
export type RouteOrigin = 'options' | 'file' | 'administration';

/** What is said of a partner beside the way to it (standard, `net/refresh`). What nobody said is empty, or 0. */
export interface RouteDetails {
  readonly name: string;
  readonly instName: string;
  readonly describe: string;
  /** Bits of {@link RouteStatus}. */
  readonly status: number;
  /** Version of the route: the higher one is newer. */
  readonly version: number;
  readonly authCode: string;
  /** When the agreement with the partner ends, in ms since the epoch; 0 for never. */
  readonly expireAt: number;
  readonly extra: string;
  readonly group: string;
  readonly upstream: number;
  readonly downstream: number;
  readonly staticIp: string;
  readonly proxy: string;
  readonly concurrency: number;
  /** Certificates of this side towards the partner, PEM. A key is a secret: it is kept, and told to nobody. */
  readonly hostRoot: string;
  readonly hostKey: string;
  readonly hostCrt: string;
  /** Certificates of the partner, PEM. */
  readonly guestRoot: string;
  readonly guestKey: string;
  readonly guestCrt: string;
}

/** A partner of this node: the way to it, and what is said of it. */
export interface PartnerRoute extends ResolvedPartner {
  readonly origin: RouteOrigin;
  readonly details: RouteDetails;
}

/** What became of a partner's route. */
export type RouteChange =
  | { readonly type: 'added'; readonly route: PartnerRoute }
  | { readonly type: 'updated'; readonly route: PartnerRoute; readonly before: PartnerRoute }
  | { readonly type: 'removed'; readonly route: PartnerRoute };

/** Of a route whose details nobody has said. */
export const NO_DETAILS: RouteDetails = Object.freeze({
  name: '',
  instName: '',
  describe: '',
  status: RouteStatus.WEAVED | RouteStatus.BY_HAND,
  version: 0,
  authCode: '',
  expireAt: 0,
  extra: '',
  group: '',
  upstream: 0,
  downstream: 0,
  staticIp: '',
  proxy: '',
  concurrency: 0,
  hostRoot: '',
  hostKey: '',
  hostCrt: '',
  guestRoot: '',
  guestKey: '',
  guestCrt: '',
});
