import type { IncomingHttpHeaders } from 'node:http';
import type { MeshError } from '../../errors/mesh-error.js';
import { mediaTypeOf, wireHeadersOfHttp } from '../http-headers.js';
import { tooLong } from '../refusals.js';
import type { InboundAnswer } from '../transport.js';

/** Collects the answer to a request, up to a limit. */
export class AnswerBody {
  private chunks: Buffer[] = [];
  private received = 0;

  /** @param limit largest body accepted, in bytes */
  constructor(
    private readonly status: number,
    private readonly headers: IncomingHttpHeaders,
    private readonly limit: number,
  ) {}

  /** Adds what has arrived. @returns why no more is taken, if so */
  push(chunk: Buffer): MeshError | undefined {
    this.received += chunk.length;
    if (this.received > this.limit) {
      this.chunks = [];
      return tooLong(this.received, this.limit);
    }
    this.chunks.push(chunk);
    return undefined;
  }

  /** Whether as much has come as was announced. */
  get whole(): boolean {
    const announced = this.headers['content-length'];
    return announced === undefined || Number(announced) === this.received;
  }

  /** The answer, now that it is complete. */
  finish(): InboundAnswer {
    const { status, headers, chunks } = this;
    return {
      body: chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks),
      contentType: mediaTypeOf(headers['content-type']),
      status,
      headers: wireHeadersOfHttp(headers),
    };
  }
}
