import type { ClientHttp2Session, IncomingHttpHeaders } from 'node:http2';
import type { Outlet } from './outlet.js';
import type { ResetBudget } from './reset-budget.js';

/** An established connection, as those see it who send calls through it. */
export interface Lane {
  readonly session: ClientHttp2Session;
  /** The peer's address, for messages. */
  readonly address: string;
  /** Largest message sent or received, in bytes. */
  readonly maxMessageBytes: number;
  /** Resets that it still bears. */
  readonly resets: ResetBudget;
  /** What long messages go out through. */
  readonly outlet: Outlet;
  /** Calls under way on it. */
  calls: number;
  /** Whether the peer is known to understand packed calls: its last answer said so. */
  packs: boolean;
  /** Whether it takes tunnels: its last answer said so. */
  tunnels: boolean;
  /** Told what each stream's answer begins with; absent: nobody wants to know. */
  onAnswer?: ((headers: IncomingHttpHeaders) => void) | undefined;
}
