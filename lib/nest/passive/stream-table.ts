import { MeshCode } from '../../errors/mesh-code.js';
import { MeshError } from '../../errors/mesh-error.js';
import { splitTopic } from '../../protocol/ptp/splitting.js';
import type { StreamHandler } from './stream-handler.js';

/**
 * The handlers of streams, by the topics on which the messages that they were declared for arrive: of those in packets, the topic
 * of the counts.
 */
export class StreamTable {
  private readonly exact = new Map<string, StreamHandler>();
  /** The longest first. */
  private prefixes: readonly StreamHandler[] = [];

  /** @throws MeshError E0000000400 when another handler has the topic */
  add(handler: StreamHandler): void {
    const topic = arrivalTopic(handler, handler.topic);
    const other = this.exact.get(topic) ?? this.prefixes.find((prefix) => prefix.topic === topic);
    if (other) {
      const message = `the topic '${handler.topic}' has two handlers, ${other.provider} and ${handler.provider}: it can have one`;
      throw new MeshError(MeshCode.INVALID_REQUEST, message);
    }
    if (!handler.topic.endsWith('/*')) this.exact.set(topic, handler);
    else this.prefixes = [...this.prefixes, handler].toSorted((a, b) => b.topic.length - a.topic.length);
  }

  /** The handler of a topic: that of exactly this topic, else that of the longest prefix. */
  find(topic: string): StreamHandler | undefined {
    return this.exact.get(topic) ?? this.prefixes.find((handler) => topic.startsWith(handler.topic.slice(0, -1)));
  }
}

/** The topic on which the messages of a topic arrive for a handler. */
export function arrivalTopic({ splitting }: StreamHandler, topic: string): string {
  return splitting ? splitTopic(topic, 0) : topic;
}
