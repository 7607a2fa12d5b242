import { Client, credentials, Metadata, type ServiceError } from '@grpc/grpc-js';
import { onTestFinished } from 'vitest';

/** A call with whatever bytes and metadata a test wants. */
export interface RawCall {
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  readonly body?: Uint8Array | string;
  readonly path?: string;
  /** Time given to the call, in ms: sent as `grpc-timeout`. */
  readonly timeoutMs?: number;
  /** Ends the call when aborted. */
  readonly signal?: AbortSignal;
}

/** Calls by grpc-js and nothing of the project; answers are bytes, whatever they mean. */
export class RawCaller {
  private readonly client: Client;

  constructor(address: string) {
    this.client = new Client(address, credentials.createInsecure());
    onTestFinished(() => this.client.close());
  }

  /** Sends one message. Rejects when gRPC itself says no. */
  call({ headers = {}, body = '{}', path = '/mesh-rpc/v1', timeoutMs, signal }: RawCall): Promise<Buffer> {
    const options = timeoutMs === undefined ? {} : { deadline: Date.now() + timeoutMs };
    return new Promise((resolve, reject) => {
      const done = (error: ServiceError | null, answer?: Buffer): void => (error ? reject(error) : resolve(answer!));
      const metadata = metadataOf(headers);
      const call = this.client.makeUnaryRequest(path, asItIs, asItIs, Buffer.from(body), metadata, options, done);
      signal?.addEventListener('abort', () => call.cancel(), { once: true });
    });
  }

  /** Sends messages through one stream; resolves with the answers when the stream has ended. */
  row(bodies: readonly (Uint8Array | string)[], { headers = {}, path = '/mesh-rpc/v1' }: RawCall): Promise<Buffer[]> {
    return new Promise((resolve, reject) => {
      const answers: Buffer[] = [];
      const stream = this.client.makeBidiStreamRequest(path, asItIs, asItIs, metadataOf(headers));
      stream.on('data', (answer: Buffer) => answers.push(answer));
      stream.on('error', reject).on('end', () => resolve(answers));
      for (const body of bodies) stream.write(Buffer.from(body));
      stream.end();
    });
  }
}

function asItIs(body: Buffer): Buffer {
  return body;
}

function metadataOf(headers: NonNullable<RawCall['headers']>): Metadata {
  const metadata = new Metadata();
  for (const [name, value] of Object.entries(headers)) for (const one of [value].flat()) metadata.add(name, one);
  return metadata;
}
