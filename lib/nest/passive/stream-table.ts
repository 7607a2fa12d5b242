import { MeshCode } from '../../errors/mesh-code.js';
import { MeshError } from '../../errors/mesh-error.js';
import type { StreamHandler } from './stream-handler.js';

/** The handlers of streams, by the topics that they were declared for. */
export class StreamTable {
  private readonly exact = new Map<string, StreamHandler>();
  /** The longest first. */
  private prefixes: readonly StreamHandler[] = [];

  /** @throws MeshError E0000000400 when another handler has the topic */
  add(handler: StreamHandler): void {
    const other = this.declared(handler.topic);
    if (other) {
      const message = `the topic '${handler.topic}' has two handlers, ${other.provider} and ${handler.provider}: it can have one`;
      throw new MeshError(MeshCode.INVALID_REQUEST, message);
    }
    if (!isPrefix(handler.topic)) this.exact.set(handler.topic, handler);
    else this.prefixes = [...this.prefixes, handler].toSorted((a, b) => b.topic.length - a.topic.length);
  }

  /** The handler of a topic: that of exactly this topic, else that of the longest prefix. */
  find(topic: string): StreamHandler | undefined {
    return this.exact.get(topic) ?? this.prefixes.find((handler) => topic.startsWith(handler.topic.slice(0, -1)));
  }

  private declared(topic: string): StreamHandler | undefined {
    return this.exact.get(topic) ?? this.prefixes.find((handler) => handler.topic === topic);
  }
}

function isPrefix(topic: string): boolean {
  return topic.endsWith('/*');
}
