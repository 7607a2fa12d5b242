import type { PeerTransport } from './peer-transport.js';

/** A partner's node, and how what is meant for it gets there. */
export interface PartnerOptions {
  /** Id of the partner's node. What is pushed for this node goes there. Compared without case. */
  nodeId: string;
  /** Id of the partner's institution: what is pushed for it, and names no node, goes there. The first partner listed has it. */
  instId?: string;
  /**
   * Where the node listens: `host:port`, or several, tried in order, as an array or separated by commas. A host without a
   * port takes that of the next one that has one (`a,b,c:7304`), else that of the one before, else 7304.
   */
  address: string | readonly string[];
  /**
   * Transport to reach it. Over `tcp` and `auto` it is spoken to in the messages of gRPC, and `auto` is gRPC with every partner that does not show
   * that it is ours. Default `auto`.
   */
  transport?: PeerTransport;
  /**
   * How a request travels: `pass-through` as it came, `wrapped` in an `Inbound` with its headers, as v1.1 of the standard and
   * older have it. Default `pass-through`; with `via: 'transport'` it is `wrapped`.
   */
  mode?: 'pass-through' | 'wrapped';
  /** Name of the dialect that the partner speaks. Default `standard`. */
  dialect?: string;
  /** Content type of requests over HTTP. Default `application/x-protobuf`. */
  contentType?: string;
  /** Longest time for one attempt at one address, connecting included, in ms. Default 20 000. */
  timeoutMs?: number;
  /**
   * The call by which it is reached: `invoke`, a call for each request, which every node serves; `transport`, a stream that
   * stays open and carries many, between nodes of ours; not over HTTP. Default `invoke`.
   */
  via?: 'invoke' | 'transport';
}

/** A {@link PartnerOptions} with everything filled in. */
export interface ResolvedPartner extends Readonly<Required<Omit<PartnerOptions, 'address'>>> {
  /** Empty when the partner's institution is not known. */
  readonly instId: string;
  /** `host:port`, in the order in which they are tried. */
  readonly addresses: readonly string[];
}
