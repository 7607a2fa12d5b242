import { STATUS_CODES, type OutgoingHttpHeaders } from 'node:http';

/** Writes the heads of answers as `node:http` does, down to the spelling of its own fields. */
export class AnswerHeads {
  private readonly kept: string;
  private second = 0;
  private date = '';

  /** @param keptMs how long a connection stays open for the next request, in ms */
  constructor(keptMs: number) {
    this.kept = `Connection: keep-alive\r\nKeep-Alive: timeout=${Math.floor(keptMs / 1_000)}\r\n\r\n`;
  }

  /**
   * @param status checked, as the headers are, for what cannot be sent
   * @param then what becomes of the connection
   */
  write(status: number, headers: OutgoingHttpHeaders, then: 'kept' | 'closed'): string {
    let head = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'unknown'}\r\n`;
    for (const name in headers) head += `${name}: ${String(headers[name])}\r\n`;
    if (then === 'closed') head += 'connection: close\r\n';
    if (headers['date'] === undefined) head += `Date: ${this.now()}\r\n`;
    return then === 'closed' ? `${head}\r\n` : head + this.kept;
  }

  private now(): string {
    const second = Math.floor(Date.now() / 1_000);
    if (second !== this.second) {
      this.second = second;
      this.date = new Date(second * 1_000).toUTCString();
    }
    return this.date;
  }
}

/** Whether an answer with this status has a body at all (RFC 9110, 6.4.1). */
export function hasBody(status: number): boolean {
  return status >= 200 && status !== 204 && status !== 304;
}

/** @throws RangeError for a status that cannot be sent */
export function checkStatus(status: number): void {
  if (!Number.isInteger(status) || status < 100 || status > 999) throw new RangeError(`Invalid status code: ${status}`);
}
