import type { DynamicModule, INestMicroservice, Provider, Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import {
  type ConsumerOptions,
  getConsumerToken,
  MeshModule,
  type MeshOptions,
  meshMicroservice,
  MeshServer,
} from 'nestjs-mesh';
import { onTestFinished } from 'vitest';

/** What a test application is made of. */
export interface TestAppParts {
  readonly controllers?: readonly Type[];
  readonly facades?: readonly Type[];
  readonly providers?: readonly Provider[];
  readonly imports?: readonly (DynamicModule | Type)[];
  readonly options?: MeshOptions;
}

/** A whole Nest application on a mesh. */
export interface TestApp {
  readonly app: INestMicroservice;
  /** `127.0.0.1:port`. */
  readonly address: string;
  /** A client of one of its facades. Clients with options must have been asked for before it started. */
  client<T extends object>(facade: Type<T>, options?: ConsumerOptions): T;
}

/** The root module of a test application. */
export function testModule({ controllers, facades, providers, imports, options }: TestAppParts): DynamicModule {
  class TestModule {}
  return {
    module: TestModule,
    controllers: [...(controllers ?? [])],
    providers: [...(providers ?? [])],
    imports: [
      MeshModule.forRoot({ name: 'test', listen: { host: '127.0.0.1', port: 0 }, drainTimeoutMs: 500, ...options }),
      MeshModule.forFeature([...(facades ?? [])]),
      ...(imports ?? []),
    ],
  };
}

/** Makes an application that does not listen yet; it is closed when the test ends. */
export async function createApp(parts: TestAppParts): Promise<INestMicroservice> {
  const app = await NestFactory.createMicroservice(testModule(parts), {
    ...meshMicroservice(),
    logger: false,
    abortOnError: false,
  });
  onTestFinished(() => app.close());
  return app;
}

/** Starts an application that listens on a free port; it is closed when the test ends. */
export async function startApp(parts: TestAppParts, before?: (app: INestMicroservice) => void): Promise<TestApp> {
  const app = await createApp(parts);
  before?.(app);
  await app.listen();
  return {
    app,
    address: app.get(MeshServer).addresses[0]!,
    client: <T extends object>(facade: Type<T>, options?: ConsumerOptions) =>
      app.get<T>(getConsumerToken(facade, options), { strict: false }),
  };
}

/** Starts an application that only calls: everything it does not provide itself is looked for at the address. */
export async function startConsumer(address: string, parts: TestAppParts): Promise<TestApp> {
  return startApp({ ...parts, options: { addresses: [address], ...parts.options } });
}

/** Starts a provider and a consumer of one facade; what is returned is the consumer's client. */
export async function startPair<T extends object>(
  facade: Type<T>,
  provider: TestAppParts,
  options?: MeshOptions,
  before?: (app: INestMicroservice) => void,
): Promise<T> {
  const { address } = await startApp(provider, before);
  const consumer = await startConsumer(address, { facades: [facade], ...(options && { options }) });
  return consumer.client(facade);
}
