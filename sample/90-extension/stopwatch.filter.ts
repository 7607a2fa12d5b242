import { CONSUMER_FILTER, MeshExtension, type CallNext, type ConsumerCall, type ConsumerFilter } from 'nestjs-mesh/spi';

/** Knows how long each call took. Filters are all used, one around the other. */
@MeshExtension(CONSUMER_FILTER, 'stopwatch')
export class StopwatchFilter implements ConsumerFilter {
  readonly durationsMs: number[] = [];

  async filter(call: ConsumerCall, next: CallNext<ConsumerCall>): Promise<unknown> {
    const start = performance.now();
    try {
      return await next(call);
    } finally {
      this.durationsMs.push(performance.now() - start);
    }
  }
}
