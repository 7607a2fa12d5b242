import { Channel, type ChannelOptions, type Conductor } from '../http2/channel.js';
import type { OnwardConnection, OnwardRequest } from '../onward.js';
import type { Target } from '../target.js';
import type { PassageAnswer } from '../transport.js';
import { UnderWay } from '../under-way.js';
import { Http2Ride } from './http2-ride.js';

/** Hands requests on over HTTP/2 with prior knowledge, all through one connection. */
export class Http2Onward implements OnwardConnection {
  private readonly channel: Channel<Http2Ride>;
  private readonly underWay = new UnderWay();

  constructor(
    private readonly target: Target,
    options: ChannelOptions,
  ) {
    this.channel = new Channel(target, options, (lane): Conductor<Http2Ride> => {
      return { send: (ride) => ride.board(lane), leave: () => undefined };
    });
  }

  get pending(): number {
    return this.underWay.count;
  }

  pass(request: OnwardRequest): Promise<PassageAnswer> {
    this.underWay.enter();
    const ride = new Http2Ride(request, this.target.address, () => this.underWay.leave());
    if (!request.cancellation.reason) this.channel.send(ride);
    return ride.answer;
  }

  async close(): Promise<void> {
    await this.underWay.none();
    await this.channel.close();
  }

  destroy(): void {
    this.channel.destroy();
  }
}
