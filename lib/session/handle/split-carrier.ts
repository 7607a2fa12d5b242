import type { Settlement } from '../session-service.js';
import { MeshCode } from '../../errors/mesh-code.js';
import { MeshError } from '../../errors/mesh-error.js';
import { formatPacketCount, parsePacketCount, splitPayload, splitTopic } from '../../protocol/ptp/splitting.js';
import { popReader } from './message-reader.js';
import type { Carried, CarriedPush, CarryOptions, MessageReader, TopicCarrier } from './topic-carrier.js';

/** How long the packets of a message whose count has arrived may take, each, in ms. */
const PACKET_TIMEOUT_MS = 30_000;

/**
 * Carries each message as the reference Python SDK does: its count of packets on one derived topic, packet `n` on the n-th.
 * Both sides must agree on it; the size of the packets is for the sender to choose.
 */
export class SplitCarrier implements TopicCarrier {
  /**
   * @param plain carries the packets
   * @param packetBytes largest packet sent
   * @param maxBytes largest message put together
   */
  constructor(
    private readonly plain: TopicCarrier,
    private readonly packetBytes: number,
    private readonly maxBytes: number,
  ) {}

  async push(topic: string, payload: Uint8Array, options: CarriedPush): Promise<void> {
    const packets = splitPayload(payload, this.packetBytes);
    const part = (index: number): CarriedPush => ({
      ...options,
      messageId: options.messageId && `${options.messageId}/${index}`,
    });
    await this.plain.push(splitTopic(topic, 0), formatPacketCount(packets.length), part(0));
    for (const [index, packet] of packets.entries()) {
      await this.plain.push(splitTopic(topic, index + 1), packet, part(index + 1));
    }
  }

  pop(topic: string, options: CarryOptions): Promise<Carried | undefined> {
    return this.gather('pop', topic, options);
  }

  peek(topic: string, options: CarryOptions): Promise<Carried | undefined> {
    return this.gather('peek', topic, options);
  }

  /** The derived topics are not known, so the reference SDK releases the plain one; a whole session has none left. */
  release(topic: string, options: CarryOptions): Promise<void> {
    return this.plain.release(topic, options);
  }

  /** Its packets are taken one after the other, so that there is nothing to ask for ahead. */
  read(topic: string): MessageReader {
    return popReader((options) => this.pop(topic, options));
  }

  private async gather(how: 'pop' | 'peek', topic: string, options: CarryOptions): Promise<Carried | undefined> {
    const count = await this.plain[how](splitTopic(topic, 0), options);
    if (!count) return undefined;
    const parts: Carried[] = [count];
    try {
      for (let left = parsePacketCount(count.payload), size = 0; left > 0; left--) {
        const part = await this.packet(how, splitTopic(topic, parts.length), options);
        parts.push(part);
        size += part.payload.byteLength;
        if (size > this.maxBytes) throw tooLong(topic, this.maxBytes);
      }
    } catch (error) {
      settleAll(parts, 'lost');
      throw error;
    }
    const payload = parts.length === 2 ? parts[1]!.payload : Buffer.concat(parts.slice(1).map((part) => part.payload));
    return { payload, metadata: parts.at(-1)!.metadata, settle: (how) => settleAll(parts, how) };
  }

  private async packet(how: 'pop' | 'peek', topic: string, { signal }: CarryOptions): Promise<Carried> {
    const part = await this.plain[how](topic, { timeoutMs: PACKET_TIMEOUT_MS, signal });
    if (part) return part;
    throw new MeshError(MeshCode.TIMEOUT, `a packet was announced on the topic '${topic}', and did not arrive`);
  }
}

/** The last first, so that what goes back stands in its old order. */
function settleAll(parts: readonly Carried[], how: Settlement): void {
  for (const part of parts.toReversed()) part.settle(how);
}

function tooLong(topic: string, limit: number): MeshError {
  return new MeshError(MeshCode.MESSAGE_TOO_LONG, `the packets on the topic '${topic}' exceed ${limit} bytes`);
}
