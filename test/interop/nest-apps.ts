import { setTimeout as sleep } from 'node:timers/promises';
import { type DynamicModule, Injectable } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Ctx } from '@nestjs/microservices';
import {
  MeshCode,
  MeshConsumer,
  MeshContext,
  MeshError,
  meshMicroservice,
  type MeshOptions,
  MeshModule,
  MeshProvider,
  MeshServer,
  type MeshService,
} from 'nestjs-mesh';
import { Kinds, Missing, type Order, Relay } from './kinds.js';

/** What the providers learnt that no answer says. */
export class Journal {
  /** Calls of `slow` that were cancelled before they had waited. */
  cancelled = 0;
}

@MeshProvider(Kinds)
class KindsProvider implements MeshService<Kinds> {
  constructor(private readonly journal: Journal) {}

  scalars(s: string, i: bigint, f: number, b: boolean): string {
    return [s, i, asPythonPrints(f), b ? 'True' : 'False'].join('|');
  }

  collections(xs: readonly number[]): number[] {
    return xs.map((x) => 2 * x);
  }

  binary(data: Uint8Array): Uint8Array {
    return data.toReversed();
  }

  order(order: Order): Order {
    return order;
  }

  nothing(): null {
    return null;
  }

  fails(why: string): never {
    throw new Error(why);
  }

  denied(why: string): never {
    throw new MeshError(MeshCode.FORBIDDEN, why, { details: ['the SDK skips what it does not know'] });
  }

  big(i: bigint): bigint {
    return i;
  }

  seen(@Ctx() context: MeshContext): Record<string, string> {
    const { attachments, traceId, spanId, source } = context;
    return { ...attachments, trace: traceId, span: spanId, source: source.nodeId };
  }

  async slow(ms: number, @Ctx() context: MeshContext): Promise<string> {
    await sleep(ms, undefined, { signal: context.signal }).catch(() => this.journal.cancelled++);
    return 'late';
  }
}

@MeshProvider(Relay)
class RelayProvider implements MeshService<Relay> {
  constructor(@MeshConsumer(Kinds) private readonly kinds: Kinds) {}

  seen(): Promise<Record<string, string>> {
    return this.kinds.seen();
  }
}

/** Python writes two digits of an exponent. */
function asPythonPrints(value: number): string {
  return String(value).replace(/e([+-])(\d)$/, 'e$10$2');
}

class ProviderModule {}

/** A Nest application that provides `vectors.kinds.*` and `vectors.relay.*`. */
export interface ProviderApp {
  /** Where it listens, `host:port`. */
  readonly address: string;
  /** What its providers note. */
  readonly journal: Journal;
  /** Stops it. */
  close(): Promise<void>;
}

/** Starts a {@link ProviderApp} on a free port, with these options over its own. */
export async function startProviderApp(options: MeshOptions = {}): Promise<ProviderApp> {
  const own = { name: 'vectors', nodeId: 'LX0000010000280', listen: { host: '127.0.0.1', port: 0 } };
  const module: DynamicModule = {
    module: ProviderModule,
    imports: [MeshModule.forRoot({ ...own, ...options }), MeshModule.forFeature([Kinds])],
    controllers: [KindsProvider, RelayProvider],
    providers: [Journal],
  };
  const app = await NestFactory.createMicroservice(module, { ...meshMicroservice(), logger: false });
  await app.listen();
  const [address] = app.get(MeshServer).addresses;
  if (address === undefined) throw new Error('the provider does not say where it listens');
  return { address, journal: app.get(Journal), close: () => app.close() };
}

/** What the tests call: the injected clients. */
@Injectable()
export class Component {
  constructor(
    /** Of all kinds of values. */
    @MeshConsumer(Kinds) readonly kinds: Kinds,
    /** Of nested calls. */
    @MeshConsumer(Relay) readonly relay: Relay,
    /** Of what nobody provides. */
    @MeshConsumer(Missing) readonly missing: Missing,
  ) {}
}

/** A Nest application that calls `vectors.*`. */
export interface ConsumerApp {
  /** Its clients. */
  readonly component: Component;
  /** Stops it. */
  close(): Promise<void>;
}

class ConsumerModule {}

/** Starts a {@link ConsumerApp} that calls a provider at an address, with these settings of its transport. */
export function startConsumerApp(address: string, grpc: MeshOptions['grpc'] = {}): Promise<ConsumerApp> {
  return startConsumer({ services: [{ service: 'vectors.*', addresses: [address] }], grpc });
}

/** Starts a {@link ConsumerApp} that calls through the node at an address. */
export function startConsumerAppAt(node: string): Promise<ConsumerApp> {
  return startConsumer({ addresses: [node] });
}

async function startConsumer(options: MeshOptions): Promise<ConsumerApp> {
  const module: DynamicModule = {
    module: ConsumerModule,
    imports: [
      MeshModule.forRoot({ name: 'vectors', listen: false, ...options }),
      MeshModule.forFeature([Kinds, Relay, Missing]),
    ],
    providers: [Component],
  };
  const app = await NestFactory.createApplicationContext(module, { logger: false });
  return { component: app.get(Component), close: () => app.close() };
}
