import { MeshCode } from '../../errors/mesh-code.js';
import type { MeshError } from '../../errors/mesh-error.js';

/** How long a peer may be out of reach, in ms. */
const PATIENCE_MS = 30_000;

/** First and longest pause before a lost stream is opened again, in ms. */
const FIRST_PAUSE_MS = 20;
const LONGEST_PAUSE_MS = 2_000;

/** Decides whether and when a lost stream is opened again: after a pause that grows, until the peer was out of reach for too long. */
export class Reopening {
  private unreachableSince: number | undefined;
  private lastTry = 0;
  private pauseMs = FIRST_PAUSE_MS;
  private timer: NodeJS.Timeout | undefined;

  /** @param again told when it is time to open the next stream */
  constructor(private readonly again: () => void) {}

  /** Whether a pause is going on. */
  get pausing(): boolean {
    return this.timer !== undefined;
  }

  /** The peer has answered. */
  succeeded(): void {
    this.unreachableSince = undefined;
    this.pauseMs = FIRST_PAUSE_MS;
  }

  /** Begins a pause after a stream was lost. @returns whether it did: the reason may not be one that passes */
  isWorthTrying(reason: MeshError): boolean {
    if (!passes(reason)) return false;
    const now = Date.now();
    if (now - this.lastTry > PATIENCE_MS) this.succeeded();
    this.lastTry = now;
    this.unreachableSince ??= now;
    if (now - this.unreachableSince > PATIENCE_MS) return false;
    this.timer ??= setTimeout(() => this.over(), this.pauseMs * (0.5 + Math.random() / 2));
    this.pauseMs = Math.min(LONGEST_PAUSE_MS, 2 * this.pauseMs);
    return true;
  }

  /** Ends the pause; nothing is opened any more. */
  stop(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
  }

  private over(): void {
    this.timer = undefined;
    this.again();
  }
}

/** Whether another stream may fare better: this one was lost, late, or never came about. */
function passes({ code, neverSent }: MeshError): boolean {
  return code === MeshCode.UNREACHABLE || code === MeshCode.TIMEOUT || neverSent;
}
