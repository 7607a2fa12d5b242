import type { StoreStats } from '../../session/store.js';
import { LoopDelayMeter } from './loop-delay.js';

/** How the calls of one service went, since the application began. */
export interface ServiceFigures {
  /** Calls answered with success. */
  readonly served: number;
  /** Calls answered with an error. */
  readonly failed: number;
  /** Calls not answered yet. */
  readonly underWay: number;
}

/** Where the figures come from. */
export interface StatsSources {
  /** How the calls of each service went that was called. */
  services(): readonly (readonly [service: string, calls: Readonly<ServiceFigures>])[];
  /** Calls that reached no service, and bytes of requests and answers, of RPC. */
  traffic(): { readonly unknown: number; readonly receivedBytes: number; readonly sentBytes: number };
  /** Connections open: those that others made, and those that this process made. */
  connections(): { readonly inbound: number; readonly outbound: number };
  sessions(): StoreStats;
  /** How calls went that were handed on; `undefined` where nothing hands them on. */
  forwarded(): Forwarded | undefined;
}

/** How calls went that were handed on; those to partners by the id of the node. An answer counts as served, whatever it says. */
export interface Forwarded {
  readonly instances: ServiceFigures;
  readonly partners: Readonly<Record<string, ServiceFigures>>;
}

/** Figures by group; a number, or groups of numbers again. */
export type Figures = { readonly [name: string]: number | string | Figures };

/** What `builtin.stats` and `GET /stats` tell. */
export class Stats {
  private readonly loop = new LoopDelayMeter();

  constructor(private readonly sources: StatsSources) {}

  /** All figures, at this moment. */
  figures(): Figures {
    const services = Object.fromEntries(this.sources.services());
    const { unknown, receivedBytes, sentBytes } = this.sources.traffic();
    const forwarded = this.sources.forwarded();
    const { rss, heapTotal, heapUsed, external, arrayBuffers } = process.memoryUsage();
    return {
      status: 'true',
      uptimeSeconds: Math.floor(process.uptime()),
      calls: { ...sumOf(Object.values(services)), unknown },
      bytes: { received: receivedBytes, sent: sentBytes },
      ...(forwarded && { forwarded: figuresOf(forwarded) }),
      connections: this.sources.connections(),
      sessions: { ...this.sources.sessions() },
      memory: { rss, heapTotal, heapUsed, external, arrayBuffers },
      loop: { ...this.loop.read() },
      services: Object.fromEntries(Object.entries(services).map(([name, calls]) => [name, { ...calls }])),
    };
  }

  /**
   * The figures as the SDKs read them: texts, with the names of their groups before them (`calls.served`).
   *
   * @param features the groups asked for; empty for all, and names of others are passed over
   */
  flat(features: readonly string[]): Record<string, string> {
    const figures = Object.entries(this.figures());
    const asked = features.length === 0 ? figures : figures.filter(([group]) => features.includes(group));
    return Object.fromEntries(asked.flatMap(([group, value]) => flatten(group, value)));
  }

  /** Stops measuring. */
  close(): void {
    this.loop.close();
  }
}

function flatten(name: string, value: Figures[string]): [string, string][] {
  if (typeof value !== 'object') return [[name, String(value)]];
  return Object.entries(value).flatMap(([inner, figure]) => flatten(`${name}.${inner}`, figure));
}

function figuresOf({ instances, partners }: Forwarded): Figures {
  const byPartner = Object.entries(partners).map(([nodeId, calls]) => [nodeId, { ...calls }] as const);
  return { instances: { ...instances }, partners: Object.fromEntries(byPartner) };
}

function sumOf(services: readonly Readonly<ServiceFigures>[]): ServiceFigures {
  const sum = { served: 0, failed: 0, underWay: 0 };
  for (const { served, failed, underWay } of services) {
    sum.served += served;
    sum.failed += failed;
    sum.underWay += underWay;
  }
  return sum;
}
