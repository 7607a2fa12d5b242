import { Client, credentials, Metadata, type ServiceError } from '@grpc/grpc-js';
import { onTestFinished } from 'vitest';

/** An answer as it stood on the wire. */
export interface RawAnswer {
  readonly code: string;
  readonly message: string;
  readonly content?: unknown;
  readonly cause?: unknown;
}

/** Calls with whatever bytes and metadata a test wants: grpc-js, and nothing of the project. */
export class RawClient {
  private readonly client: Client;

  constructor(address: string) {
    this.client = new Client(address, credentials.createInsecure());
    onTestFinished(() => this.client.close());
  }

  /** Sends one message; the answer is what the server put in its envelope. Rejects when gRPC itself says no. */
  call(
    body: string | Uint8Array,
    headers: Readonly<Record<string, string>>,
    path = '/mesh-rpc/v1',
  ): Promise<RawAnswer> {
    return new Promise((resolve, reject) => {
      this.client.makeUnaryRequest(path, asItIs, asItIs, Buffer.from(body), metadataOf(headers), (error, answer) => {
        if (error) reject(error);
        else resolve(readAnswer(answer!));
      });
    });
  }

  /** The status with which gRPC itself says no to a call. */
  async status(...call: Parameters<RawClient['call']>): Promise<number> {
    try {
      const answer = await this.call(...call);
      throw new Error(`expected a gRPC status, but the call was answered with ${JSON.stringify(answer)}`);
    } catch (error) {
      return (error as ServiceError).code;
    }
  }

  /** Sends messages through one stream; resolves with the answers when the stream has ended. */
  stream(bodies: readonly (string | Uint8Array)[], headers: Readonly<Record<string, string>>): Promise<RawAnswer[]> {
    return new Promise((resolve, reject) => {
      const answers: RawAnswer[] = [];
      const stream = this.client.makeBidiStreamRequest('/mesh-rpc/v1', asItIs, asItIs, metadataOf(headers));
      stream.on('data', (answer: Buffer) => answers.push(readAnswer(answer)));
      stream.on('error', reject).on('end', () => resolve(answers));
      for (const body of bodies) stream.write(Buffer.from(body));
      stream.end();
    });
  }
}

function asItIs(body: Buffer): Buffer {
  return body;
}

function metadataOf(headers: Readonly<Record<string, string>>): Metadata {
  const metadata = new Metadata();
  for (const [name, value] of Object.entries(headers)) metadata.set(name, value);
  return metadata;
}

function readAnswer(answer: Buffer): RawAnswer {
  return JSON.parse(answer.toString()) as RawAnswer;
}
