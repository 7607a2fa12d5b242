import { setTimeout as sleep } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import { toMeshError } from '../../errors/from-unknown.js';
import type { Registration } from '../../registry/registration.js';

/** When a call to a node ends, at the latest. */
export interface CallBounds {
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}

/** What an {@link Enrolment} does at its node. */
export interface EnrolmentCalls {
  /** What is to be registered now. */
  describe(): Promise<Registration>;
  /** Registers, or renews. */
  put(registration: Registration, bounds: CallBounds): Promise<void>;
  /** Takes the registration back. */
  remove(registration: Registration, bounds: CallBounds): Promise<void>;
}

/** A registration is renewed so many times within its lifetime. */
const RENEWALS = 3;

/** First delay before a node that did not take the registration is asked again, in ms; doubled each time, up to the longest. */
const FIRST_RETRY_MS = 250;
const LONGEST_RETRY_MS = 2_000;

/** Longest time for a node to take a registration, in ms. */
const LONGEST_PUT_MS = 5_000;

/** How long a node may hold up this application when it closes, in ms: as long again to take the registration back. */
const FAREWELL_MS = 1_000;

/**
 * Keeps this application registered at one node. A node that is away holds up nothing: one warning is given, and it is asked
 * again, at longer and longer intervals, but often enough to be back within a renewal.
 */
export class Enrolment {
  private readonly logger = new Logger('MeshRegistrar');
  private readonly leaving = new AbortController();
  private readonly cutting = new AbortController();
  private readonly renewMs: number;
  private running: Promise<void> | undefined;
  private registered: Registration | undefined;

  /** @param node its address, for messages */
  constructor(
    private readonly node: string,
    lifetimeMs: number,
    private readonly calls: EnrolmentCalls,
  ) {
    this.renewMs = lifetimeMs / RENEWALS;
  }

  /** Registers, and renews from now on. */
  start(): void {
    this.running ??= this.run();
  }

  /** Takes the registration back, if there is one and the node answers in time. */
  async stop(): Promise<void> {
    this.leaving.abort();
    const overdue = setTimeout(() => this.cutting.abort(), FAREWELL_MS);
    await this.running;
    clearTimeout(overdue);
    const { registered } = this;
    this.registered = undefined;
    if (!registered) return;
    await this.calls.remove(registered, { timeoutMs: FAREWELL_MS }).catch((error: unknown) => {
      this.logger.debug(`the node at ${this.node} did not take the registration back: ${toMeshError(error).message}`);
    });
  }

  private async run(): Promise<void> {
    for (let failures = 0; !this.leaving.signal.aborted;) {
      try {
        await this.register();
        if (failures > 0) this.logger.log(`registered at ${this.node}`);
        failures = 0;
      } catch (error) {
        failures++;
        if (failures === 1 && !this.leaving.signal.aborted) this.warn(error);
      }
      await this.pause(failures);
    }
  }

  private async register(): Promise<void> {
    try {
      const registration = await this.calls.describe();
      const timeoutMs = Math.ceil(Math.min(LONGEST_PUT_MS, this.renewMs));
      await this.calls.put(registration, { timeoutMs, signal: this.cutting.signal });
      this.registered = registration;
    } catch (error) {
      this.registered = undefined;
      throw error;
    }
  }

  private warn(error: unknown): void {
    const { code, message } = toMeshError(error);
    this.logger.warn(`not registered at ${this.node}, which is asked again: ${code} ${message}`);
  }

  /** Waits until the next renewal, or the next attempt; many instances do not do it all at once. */
  private async pause(failures: number): Promise<void> {
    const retryMs = Math.min(this.renewMs, LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** (failures - 1));
    const delayMs = (failures === 0 ? this.renewMs : retryMs) * (0.8 + 0.2 * Math.random());
    await sleep(delayMs, undefined, { signal: this.leaving.signal, ref: false }).catch(() => undefined);
  }
}
