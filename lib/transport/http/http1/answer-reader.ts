import { mediaTypeOf } from '../../http-headers.js';
import type { InboundAnswer, WireHeaders } from '../../transport.js';
import { AnswerHead } from './answer-head.js';
import { ChunkedBody } from './chunked-body.js';
import { GatheredBody } from './gathered-body.js';
import { LineReader } from './line-reader.js';
import { malformed } from './malformed.js';

/** Longest head, in bytes; those before it together with it. */
const MAX_HEAD_BYTES = 32 * 1024;

/** Answer to a request over HTTP/1.1. */
export class Http1Answer implements InboundAnswer {
  readonly status: number;
  readonly contentType: string;

  constructor(
    private readonly head: AnswerHead,
    readonly body: Buffer,
    /** How long the connection may be kept without a call, in ms, as the peer says; 0 when it ends with this answer. */
    readonly keptMs: number,
  ) {
    this.status = head.status;
    this.contentType = mediaTypeOf(head.contentType);
  }

  get headers(): WireHeaders {
    return this.head.headers;
  }
}

/** Reads the answers on a connection, one after the other, out of bytes that come in whatever pieces. */
export class AnswerReader {
  /** Bytes read of those that came last. */
  position = 0;
  private readonly lines = new LineReader(MAX_HEAD_BYTES);
  private head: AnswerHead | undefined;
  /** Absent while the head is not complete. */
  private body: GatheredBody | undefined;
  private chunks: ChunkedBody | undefined;

  /** @param maxBodyBytes longest body */
  constructor(private readonly maxBodyBytes: number) {}

  /**
   * Reads what came.
   *
   * @param bytes they hold until it returns
   * @returns the answer, once it is whole
   * @throws Error when it is malformed; MeshError E0000000413 when its body is too long
   */
  read(bytes: Buffer): Http1Answer | undefined {
    this.position = 0;
    while (!this.body && this.position < bytes.length) this.readLine(bytes);
    return this.body && this.readBody(bytes, this.body);
  }

  /** The peer says no more. @returns the answer, if it goes until the end @throws Error when a part of it is missing */
  end(): Http1Answer | undefined {
    const { body, chunks } = this;
    if (!this.head) return undefined;
    if (!body || chunks || body.missing !== Infinity) throw malformed('the connection ended before it did');
    return this.finish(body, 0);
  }

  private readLine(bytes: Buffer): void {
    const line = this.lines.next(bytes, this.position);
    this.position = this.lines.position;
    if (line === undefined) return;
    if (!this.head) this.head = new AnswerHead(line);
    else if (line !== '') this.head.add(line);
    else this.gotHead(this.head);
  }

  private gotHead(head: AnswerHead): void {
    if (head.isInterim) return void (this.head = undefined);
    const { framing } = head;
    this.body = new GatheredBody(typeof framing === 'number' ? framing : undefined, this.maxBodyBytes);
    if (framing === 'chunked') this.chunks = new ChunkedBody(this.body);
  }

  private readBody(bytes: Buffer, body: GatheredBody): Http1Answer | undefined {
    const { chunks } = this;
    if (chunks) {
      this.position = chunks.read(bytes, this.position);
      return chunks.isOver ? this.finish(body) : undefined;
    }
    const end = Math.min(bytes.length, this.position + body.missing);
    if (end > this.position) body.add(bytes.subarray(this.position, end));
    this.position = end;
    return body.missing === 0 ? this.finish(body) : undefined;
  }

  private finish(body: GatheredBody, keptMs = this.head!.keptMs): Http1Answer {
    const answer = new Http1Answer(this.head!, body.take(), keptMs);
    this.head = this.body = this.chunks = undefined;
    this.lines.reset();
    return answer;
  }
}
