import { MeshCode } from '../../errors/mesh-code.js';
import { MeshError } from '../../errors/mesh-error.js';
import type { PeerTransport } from '../../options/peer-transport.js';
import type { OwnNode } from './local-port.js';
import { MeshSession } from './mesh-session.js';
import { PlainCarrier } from './plain-carrier.js';
import { SessionCalls } from './session-calls.js';
import type { SessionPort } from './session-port.js';
import { SplitCarrier } from './split-carrier.js';
import type { TopicCarrier } from './topic-carrier.js';

/** A node elsewhere whose session API a session is to use. */
export interface SessionNode {
  /** `host:port`. */
  readonly address: string;
  /**
   * Name of the transport. Over `tcp` and `auto` the node is spoken to in the messages of gRPC, and `auto` is gRPC with every node that does not
   * show that it is ours. Default `auto`.
   */
  readonly transport?: PeerTransport;
  /**
   * What it is called by: `session`, the session API, one call for each operation; or `transport`, conversations, which carry
   * many messages on one stream, and acknowledge those that are read. Not over HTTP. Default `session`.
   */
  readonly via?: 'session' | 'transport';
  /** Name of the dialect that the node speaks. Default `standard`. */
  readonly dialect?: string;
  /** Content type of requests over HTTP. Default `application/x-protobuf`. */
  readonly contentType?: string;
}

/** What a session is opened with. */
export interface OpenOptions {
  /** Node that receives what is pushed. Default: the node itself. */
  readonly targetNodeId?: string;
  /** Institution that receives what is pushed, when no node is named. */
  readonly targetInstId?: string;
  /** Vendor code (`x-ptp-tech-provider-code`). Default empty. */
  readonly providerCode?: string;
  /** Access token (`x-ptp-token`). Default empty. */
  readonly token?: string;
  /** Trace of all its calls. Default: that of the call under way, else a new one for each. */
  readonly traceId?: string;
  /** The node whose queues these are. Default: this process. */
  readonly node?: SessionNode;
  /** Carry messages in packets, as the reference Python SDK does; both sides must agree. Default: whole. */
  readonly splitting?: {
    /** Largest packet sent, in bytes. Default 1 048 576 (1 MiB). */
    readonly packetBytes?: number;
  };
}

/** What {@link MeshSessions} needs of its mesh. @internal */
export interface MeshSessionsParts {
  readonly own: OwnNode;
  readonly maxMessageBytes: number;
  readonly local: () => SessionPort;
  readonly remote: (node: SessionNode) => SessionPort;
}

/** Opens sessions: queues of messages that institutions share by an id. */
export class MeshSessions {
  /** @internal provided by `MeshModule` */
  constructor(private readonly parts: MeshSessionsParts) {}

  /**
   * Opens a session. Nothing is sent: a session begins with its first use.
   *
   * @param id unique network-wide; whoever knows it takes part
   * @throws MeshError E0000000400 when the id is empty
   */
  open(id: string, options: OpenOptions = {}): MeshSession {
    return new MeshSession(id, this.carry(id, options));
  }

  /** What carries messages to and from the topics of a session. @internal */
  carry(id: string, options: OpenOptions): TopicCarrier {
    if (id === '') throw new MeshError(MeshCode.INVALID_REQUEST, 'a session needs an id that is not empty');
    const { own, maxMessageBytes } = this.parts;
    const { node, splitting, targetNodeId = '', targetInstId = '', providerCode = '', token = '', traceId } = options;
    const parties = { sourceNodeId: own.nodeId, sourceInstId: own.instId, targetNodeId, targetInstId };
    const port = node ? this.parts.remote(node) : this.parts.local();
    const plain = new PlainCarrier(new SessionCalls({ session: id, parties, providerCode, token, traceId }, port));
    const { packetBytes = 1_048_576 } = splitting ?? {};
    // What is put together of packets may be larger than one message.
    return splitting ? new SplitCarrier(plain, packetBytes, 16 * maxMessageBytes) : plain;
  }
}
