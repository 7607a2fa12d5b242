import { Cancellation } from '../../context/cancellation.js';
import { CONVERSATION_PATH } from '../../protocol/conversation.js';
import type { Dialect, FieldFormats } from '../../protocol/dialect.js';
import type { Connection } from '../../transport/transport.js';
import { NodeConversations } from './node-conversations.js';
import { SessionMessages } from './session-messages.js';
import { StreamPort } from './stream-port.js';

/** Nodes whose conversations are kept; beyond it, those that nobody uses are forgotten. */
const MAX_NODES = 1_024;

/** A node to speak with. */
export interface ConversationPartner {
  readonly address: string;
  /** Name of the transport. */
  readonly transport: string;
  /** Name of the dialect. */
  readonly name: string;
  readonly dialect: Dialect;
  /** Connection to the node; asked for with every stream. @throws MeshError when there can be none */
  connection(): Connection;
}

/** Keeps the conversations with each node, so that whoever speaks with one speaks on the same streams. */
export class ConversationPool {
  private readonly nodes = new Map<string, NodeConversations>();
  private readonly headers = Object.freeze(Object.create(null) as Record<string, string>);

  constructor(private readonly formats: FieldFormats) {}

  /** The way to a node by conversations. */
  port(partner: ConversationPartner): StreamPort {
    const key = `${partner.name} ${partner.transport} ${partner.address}`;
    const known = this.nodes.get(key);
    if (known) return new StreamPort(known);
    if (this.nodes.size >= MAX_NODES) this.forgetQuiet();
    const conversations = new NodeConversations(
      () => this.open(partner),
      new SessionMessages(partner.dialect, this.formats),
    );
    this.nodes.set(key, conversations);
    return new StreamPort(conversations);
  }

  /** Ends the pops and subscriptions, and each stream as soon as what is under way on it is answered. */
  close(): void {
    for (const conversations of this.nodes.values()) conversations.close();
  }

  private open({ connection }: ConversationPartner) {
    return connection().open({ path: CONVERSATION_PATH, headers: this.headers, cancellation: new Cancellation() });
  }

  /** Their streams end by themselves when they are idle. */
  private forgetQuiet(): void {
    for (const [key, conversations] of this.nodes) if (conversations.quiet) this.nodes.delete(key);
  }
}
