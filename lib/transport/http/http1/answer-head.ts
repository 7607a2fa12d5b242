import { wireHeadersOfHttp } from '../../http-headers.js';
import { tokensOf } from '../../hop-by-hop.js';
import type { WireHeaders } from '../../transport.js';
import { malformed } from './malformed.js';

/** Most fields in a head. */
const MAX_FIELDS = 1_000;

const statusLine = /^HTTP\/1\.([01]) ([1-9]\d\d)(?: [\t\x20-\x7e\x80-\xff]*)?$/;
/** A name is followed by its colon at once, and a value goes on in no other line (RFC 9112, 5.1 and 5.2). */
const fieldLine = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):([\t\x20-\x7e\x80-\xff]*)$/;
const lengthInBytes = /^\d{1,15}$/;
const keptSeconds = /(?:^|[\s,])timeout=(\d{1,9})/i;

/** How long the body of an answer is: so many bytes, as the chunks say, or what comes until the end of the connection. */
export type Framing = number | 'chunked' | 'until the end';

/** What an answer begins with. */
export class AnswerHead {
  readonly status: number;
  private readonly minor: string;
  private readonly fields: Record<string, string> = Object.create(null) as Record<string, string>;
  private count = 0;

  /** @throws Error when the line is none that an answer begins with */
  constructor(line: string) {
    const [, minor, status] = statusLine.exec(line) ?? [];
    if (minor === undefined) throw malformed('it begins otherwise');
    this.minor = minor;
    this.status = Number(status);
  }

  /** Adds a field. @throws Error when the line is none */
  add(line: string): void {
    const [, spelt, text] = fieldLine.exec(line) ?? [];
    if (spelt === undefined || text === undefined) throw malformed('a line of its head is no field');
    if (++this.count > MAX_FIELDS) throw malformed(`its head has more than ${MAX_FIELDS} fields`);
    const name = spelt.toLowerCase();
    const value = text.trim();
    const before = this.fields[name];
    this.fields[name] = before === undefined ? value : `${before}, ${value}`;
  }

  /** Whether another head follows, that of the answer (RFC 9110, 15.2). @throws Error when something else than HTTP does */
  get isInterim(): boolean {
    if (this.status === 101) throw malformed('it changes to another protocol, which nobody asked for');
    return this.status < 200;
  }

  /** @throws Error when it is said twice, or in no way that both sides must understand alike (RFC 9112, 6.3) */
  get framing(): Framing {
    const { 'content-length': length, 'transfer-encoding': encoding } = this.fields;
    if (this.status === 204 || this.status === 304) return 0;
    if (encoding !== undefined) {
      if (length !== undefined) throw malformed('the length of its body is said in two ways');
      if (encoding.toLowerCase() !== 'chunked' || this.minor === '0')
        throw malformed(`its body is sent as '${encoding}'`);
      return 'chunked';
    }
    if (length === undefined) return 'until the end';
    if (!lengthInBytes.test(length)) throw malformed(`the length of its body is '${length}'`);
    return Number(length);
  }

  /** How long the connection may be kept without a call, in ms; `Infinity` when the peer does not say, 0 when it ends with the answer. */
  get keptMs(): number {
    const { connection, 'keep-alive': keepAlive } = this.fields;
    const said = connection === undefined ? [] : tokensOf(connection);
    if (said.includes('close') || (this.minor === '0' && !said.includes('keep-alive'))) return 0;
    const seconds = keepAlive === undefined ? undefined : keptSeconds.exec(keepAlive)?.[1];
    return seconds === undefined ? Infinity : Number(seconds) * 1_000;
  }

  get contentType(): string | undefined {
    return this.fields['content-type'];
  }

  /** The fields that are of concern to a caller. */
  get headers(): WireHeaders {
    return wireHeadersOfHttp(this.fields);
  }
}
