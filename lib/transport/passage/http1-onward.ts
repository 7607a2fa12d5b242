import { Agent } from 'node:http';
import { Agent as SecureAgent } from 'node:https';
import { MeshCode } from '../../errors/mesh-code.js';
import { MeshError } from '../../errors/mesh-error.js';
import type { OnwardConnection, OnwardRequest } from '../onward.js';
import type { Target } from '../target.js';
import type { PassageAnswer } from '../transport.js';
import { UnderWay } from '../under-way.js';
import { Http1Ride } from './http1-ride.js';

/** How long a connection is kept for the next request, in ms; less when the server says so. */
const KEPT_MS = 30_000;

/** Requests to one address at a time, each of which has a connection for itself. */
const MAX_UNDER_WAY = 4_096;

/** Connections kept for the next request to an address. */
const MAX_KEPT = 256;

/** Hands requests on over HTTP/1.1. */
export class Http1Onward implements OnwardConnection {
  private readonly agent: Agent;
  private readonly underWay = new UnderWay();
  private readonly rides = new Set<Http1Ride>();

  /** @param connectTimeoutMs time for a connection to come up, in ms */
  constructor(
    private readonly target: Target,
    private readonly connectTimeoutMs: number,
  ) {
    const kept = { keepAlive: true, maxFreeSockets: MAX_KEPT, timeout: KEPT_MS, noDelay: true };
    const { secure, host } = target;
    this.agent = secure ? new SecureAgent({ ...kept, ...secure.optionsFor(host) }) : new Agent(kept);
  }

  get pending(): number {
    return this.underWay.count;
  }

  pass(request: OnwardRequest): Promise<PassageAnswer> {
    if (this.underWay.count >= MAX_UNDER_WAY) {
      const message = `${MAX_UNDER_WAY} requests to ${this.target.address} are under way already`;
      return Promise.reject(new MeshError(MeshCode.BUFFER_FULL, message, { neverSent: true }));
    }
    this.underWay.enter();
    const ride = new Http1Ride(request, this.target, this.agent, this.connectTimeoutMs, () => {
      this.rides.delete(ride);
      this.underWay.leave();
    });
    this.rides.add(ride);
    return ride.answer;
  }

  async close(): Promise<void> {
    await this.underWay.none();
    this.agent.destroy();
  }

  destroy(): void {
    for (const ride of this.rides) ride.destroy();
    this.agent.destroy();
  }
}
