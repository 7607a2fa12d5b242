import { type IntervalHistogram, monitorEventLoopDelay, performance } from 'node:perf_hooks';

/** How often the delay is measured, in ms. */
const RESOLUTION_MS = 20;

/** How late the event loop was. */
export interface LoopDelay {
  /** Share of the time in which it was busy, from 0 to 1, since the process began. */
  readonly utilization: number;
  readonly meanMs: number;
  readonly maxMs: number;
}

/** Measures how late the event loop is, from when that is first asked for: nobody pays for what nobody reads. */
export class LoopDelayMeter {
  private histogram: IntervalHistogram | undefined;

  /** The delay since it was last read; 0 at first. */
  read(): LoopDelay {
    const { mean, max, count } = this.histogram ?? { mean: 0, max: 0, count: 0 };
    const late = (nanoseconds: number): number => (count === 0 ? 0 : Math.max(0, nanoseconds / 1e6 - RESOLUTION_MS));
    const { utilization } = performance.eventLoopUtilization();
    this.begin();
    return { utilization: rounded(utilization), meanMs: rounded(late(mean)), maxMs: rounded(late(max)) };
  }

  /** Stops measuring. */
  close(): void {
    this.histogram?.disable();
    this.histogram = undefined;
  }

  private begin(): void {
    if (this.histogram) return this.histogram.reset();
    this.histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
    this.histogram.enable();
  }
}

function rounded(value: number): number {
  return Math.round(value * 1000) / 1000;
}
