import type { Observable } from 'rxjs';
import type { MeshContext } from '../../context/mesh-context.js';
import type { OpenOptions } from '../../session/handle/mesh-sessions.js';
import type { ReceivedMessage } from '../../session/handle/received-message.js';

/** What a handler of streams was declared with, complete. @internal */
export interface StreamSettings {
  /** The topic, or a prefix that ends in `/*`. */
  readonly topic: string;
  /** Where its answers go; `undefined` for the topic of what it answers. */
  readonly replyTopic: string | undefined;
  /** How messages are split into packets; `undefined` when they travel whole. */
  readonly splitting: OpenOptions['splitting'];
  readonly prefetch: number;
  /** `undefined` for that of the sessions. */
  readonly idleTimeoutMs: number | undefined;
  readonly timeoutMs: number;
  readonly maxMessages: number;
  readonly maxBytes: number;
}

/** A handler of streams, and how it is called. @internal */
export interface StreamHandler extends StreamSettings {
  /** For messages: `ChatController.chat`. */
  readonly provider: string;
  /**
   * Runs the handler once: Nest's pipeline, then the controller.
   *
   * @param consume takes what it returned; the Promise ends with the stream
   * @returns ends when `consume` does, and fails as it or the pipeline does
   */
  invoke(
    inbound: Observable<ReceivedMessage>,
    context: MeshContext,
    consume: (result: unknown) => Promise<void>,
  ): Promise<void>;
}
