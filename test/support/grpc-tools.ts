import {
  Client,
  type ClientDuplexStream,
  type ClientReadableStream,
  credentials,
  type ServiceError,
} from '@grpc/grpc-js';
import protobufjs from 'protobufjs';
import { onTestFinished } from 'vitest';
import { HEALTH_PROTO, REFLECTION_PROTO } from './grpc-tools.proto.js';

interface Method {
  readonly path: string;
  write(request: object): Buffer;
  read(bytes: Buffer): Record<string, unknown>;
}

function method(path: string, proto: string, request: string, answer: string): Method {
  const { root } = protobufjs.parse(proto, { keepCase: true });
  const [input, output] = [root.lookupType(request), root.lookupType(answer)];
  return {
    path,
    write: (message) => Buffer.from(input.encode(input.create(message)).finish()),
    read: (bytes) =>
      output.toObject(output.decode(bytes), { enums: String, defaults: true, arrays: true, oneofs: true }),
  };
}

const check = method('/grpc.health.v1.Health/Check', HEALTH_PROTO, 'HealthCheckRequest', 'HealthCheckResponse');
const watch = { ...check, path: '/grpc.health.v1.Health/Watch' };
const reflect = (version: string): Method =>
  method(
    `/grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`,
    REFLECTION_PROTO,
    'ServerReflectionRequest',
    'ServerReflectionResponse',
  );

function connect(address: string): Client {
  const client = new Client(address, credentials.createInsecure());
  onTestFinished(() => client.close());
  return client;
}

/** What a watch has told so far, and how it ended: the number of a gRPC status. */
export interface Watched {
  readonly told: readonly string[];
  readonly ended: Promise<number>;
  readonly stream: Pick<ClientReadableStream<Record<string, unknown>>, 'on' | 'cancel'>;
}

/** A client of gRPC's health checking protocol: grpc-js, and nothing of the project. */
export class HealthClient {
  private readonly client: Client;

  constructor(address: string) {
    this.client = connect(address);
  }

  /** The status told, or the number of the gRPC status with which the call failed. */
  check(service: string): Promise<string | number> {
    return new Promise((resolve) => {
      this.client.makeUnaryRequest(check.path, check.write, check.read, { service }, (error, answer) => {
        resolve(error ? error.code : String(answer!['status']));
      });
    });
  }

  /** Watches a service. */
  watch(service: string): Watched {
    return this.watched(this.client.makeServerStreamRequest(watch.path, watch.write, watch.read, { service }));
  }

  /** Opens a stream to watch by, and asks nothing. */
  watchNothing(): Watched {
    return this.watched(this.client.makeBidiStreamRequest(watch.path, watch.write, watch.read));
  }

  private watched(stream: Watched['stream']): Watched {
    const told: string[] = [];
    stream.on('data', (answer: Record<string, unknown>) => told.push(String(answer['status'])));
    stream.on('error', () => undefined);
    const ended = new Promise<number>((resolve) => stream.on('status', ({ code }) => resolve(code)));
    return { told, ended, stream };
  }
}

/** A client of gRPC's server reflection: grpc-js, and nothing of the project. */
export class ReflectionClient {
  private readonly stream: ClientDuplexStream<object, Record<string, unknown>>;
  private readonly waiting: { resolve(answer: Record<string, unknown>): void; reject(error: ServiceError): void }[] =
    [];

  constructor(address: string, version: 'v1' | 'v1alpha' = 'v1') {
    const { path, write, read } = reflect(version);
    this.stream = connect(address).makeBidiStreamRequest(path, write, read);
    this.stream.on('data', (answer: Record<string, unknown>) => this.waiting.shift()?.resolve(answer));
    this.stream.on('error', (error: ServiceError) => this.waiting.splice(0).forEach(({ reject }) => reject(error)));
    onTestFinished(() => this.stream.cancel());
  }

  /** Asks once more on the same stream. */
  ask(request: Readonly<Record<string, unknown>>): Promise<Record<string, unknown>> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ resolve, reject });
      this.stream.write(request);
    });
  }
}
