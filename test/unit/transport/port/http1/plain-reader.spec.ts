import * as fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { PlainExchange } from '../../../../../lib/transport/port/http1/plain-exchange.js';
import { PlainReader, type PlainReaderHost } from '../../../../../lib/transport/port/http1/plain-reader.js';
import type { PlainRequest } from '../../../../../lib/transport/port/http1/plain-request.js';

const TIMES = { headTimeoutMs: 1_000, requestTimeoutMs: 5_000 };

function plain(path: string, body: string): string {
  return `POST ${path} HTTP/1.1\r\nhost: h\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
}

/** What a reader has read of one request. */
interface Read {
  readonly target: string;
  body: string;
  complete: boolean;
}

/** A connection that keeps what is read of it. */
class Reading implements PlainReaderHost {
  reading = true;
  readonly requests: Read[] = [];
  readonly reader = new PlainReader(this, TIMES);
  late = 0;
  odd = '';

  /** Has the reader read these bytes, as they are cut. */
  read(text: string, ...cuts: readonly number[]): this {
    const places = [0, ...cuts.map((at) => at % (text.length + 1)).sort((a, b) => a - b), text.length];
    for (let i = 1; i < places.length; i++) this.got(text.slice(places[i - 1], places[i]));
    return this;
  }

  onRequest(request: PlainRequest): PlainExchange | undefined {
    if (request.target === '/odd') return undefined;
    const read = { target: request.target, body: '', complete: false };
    this.requests.push(read);
    const nothing = (): void => undefined;
    const exchange = new PlainExchange(request, { peer: 'p:1', onHeld: nothing, onReply: nothing, destroy: nothing });
    exchange.receive({
      gotData: (chunk) => {
        expect(chunk.length).toBeGreaterThan(0);
        read.body += chunk.toString('latin1');
        if (read.body.startsWith('stop')) this.reading = false;
      },
      gotEnd: () => (read.complete = true),
      gotOver: () => undefined,
    });
    return exchange;
  }

  onOdd(rest: Buffer): void {
    this.odd += rest.toString('latin1');
  }

  onLate(): void {
    this.late++;
  }

  private got(text: string): void {
    if (text === '') return;
    if (this.odd === '') this.reader.read(Buffer.from(text, 'latin1'));
    else this.odd += text;
  }
}

const body = fc.oneof(fc.string({ unit: 'binary-ascii', maxLength: 40 }), fc.constant('x'.repeat(3_000)));
const row = fc.array(fc.tuple(fc.constantFrom('/', '/a?b=c'), body), { minLength: 1, maxLength: 5 });
const cuts = fc.array(fc.nat(), { maxLength: 12 });

describe('a reader of plain requests', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('reads the same of any row of them, in whatever pieces it comes', () => {
    fc.assert(
      fc.property(row, cuts, (requests, places) => {
        const text = requests.map(([path, sent]) => plain(path, sent)).join('');
        const read = new Reading().read(text, ...places);
        expect(read.requests).toEqual(requests.map(([target, sent]) => ({ target, body: sent, complete: true })));
        expect([read.odd, read.reader.amidst, vi.getTimerCount()]).toEqual(['', undefined, 0]);
      }),
      { numRuns: 500 },
    );
  });

  it('leaves all else to others, from its first byte, in whatever pieces it comes', () => {
    const other = fc.constantFrom('GET / HTTP/1.1\r\nhost: h\r\n\r\n', plain('/odd', 'hello'), 'POST rubbish', '\r\n');
    fc.assert(
      fc.property(row, other, row, cuts, (before, odd, after, places) => {
        const [first = '', last = ''] = [before, after].map((some) =>
          some.map(([, sent]) => plain('/', sent)).join(''),
        );
        const read = new Reading().read(first + odd + last, ...places);
        expect(read.requests.map((request) => request.body)).toEqual(before.map(([, sent]) => sent));
        expect([read.odd, read.reader.amidst, vi.getTimerCount()]).toEqual([odd + last, undefined, 0]);
      }),
      { numRuns: 500 },
    );
  });

  it('reads them byte by byte', () => {
    const text = plain('/a', 'hello') + plain('/b', '') + plain('/c', 'x');
    const read = new Reading().read(text, ...Array.from(text, (_, at) => at));
    expect(read.requests.map((request) => request.body)).toEqual(['hello', '', 'x']);
    expect(read.odd).toBe('');
  });

  it('hands out what is there of a body', () => {
    const { reader, requests } = new Reading().read(plain('/', 'hello').slice(0, -3));
    expect([requests, reader.amidst]).toEqual([[{ target: '/', body: 'he', complete: false }], 'body']);
  });

  it.each([
    ['head', plain('/', 'hello').slice(0, -8), TIMES.headTimeoutMs],
    ['body', plain('/', 'hello').slice(0, -1), TIMES.requestTimeoutMs],
    ['body', plain('/', 'hello').slice(0, -5), TIMES.requestTimeoutMs],
  ] as const)('says when the rest of a %s takes too long', (part, text, timeoutMs) => {
    const read = new Reading().read(plain('/', 'x') + text);
    expect(read.reader.amidst).toBe(part);
    vi.advanceTimersByTime(timeoutMs - 1);
    expect(read.late).toBe(0);
    vi.advanceTimersByTime(1);
    expect(read.late).toBe(1);
  });

  it('gives a request its time from its first byte on, however often something comes', () => {
    const read = new Reading().read(plain('/', 'hello').slice(0, -10));
    vi.advanceTimersByTime(400);
    read.read(plain('/', 'hello').slice(-10, -8));
    vi.advanceTimersByTime(599);
    expect([read.reader.amidst, read.late]).toEqual(['head', 0]);
    read.read(plain('/', 'hello').slice(-8, -3));
    vi.advanceTimersByTime(4_000);
    expect([read.reader.amidst, read.late]).toEqual(['body', 0]);
    read.read('l');
    vi.advanceTimersByTime(1);
    expect(read.late).toBe(1);
  });

  it.each([
    ['head', plain('/', 'hello').slice(0, -8), TIMES.headTimeoutMs],
    ['body', plain('/', 'hello').slice(0, -1), TIMES.requestTimeoutMs],
  ] as const)('gives a %s the rest of its time when it was paused meanwhile', (_, text, timeoutMs) => {
    const read = new Reading().read(text);
    vi.advanceTimersByTime(timeoutMs - 100);
    read.reader.pause();
    vi.advanceTimersByTime(timeoutMs);
    read.reader.pause();
    vi.advanceTimersByTime(timeoutMs);
    expect([read.late, vi.getTimerCount()]).toEqual([0, 0]);
    read.reader.resume();
    read.reader.resume();
    vi.advanceTimersByTime(99);
    expect(read.late).toBe(0);
    vi.advanceTimersByTime(1);
    expect(read.late).toBe(1);
  });

  it('does not count what it was paused for when a head is followed by a body, nor for what begins meanwhile', () => {
    const read = new Reading();
    read.reader.pause();
    read.read(plain('/', 'hello').slice(0, -8));
    vi.advanceTimersByTime(TIMES.headTimeoutMs);
    expect([read.late, vi.getTimerCount()]).toEqual([0, 0]);
    read.reader.resume();
    vi.advanceTimersByTime(TIMES.headTimeoutMs - 1);
    read.read(plain('/', 'hello').slice(-8, -1));
    vi.advanceTimersByTime(TIMES.requestTimeoutMs - TIMES.headTimeoutMs);
    expect([read.late, read.reader.amidst]).toEqual([0, 'body']);
    vi.advanceTimersByTime(1);
    expect(read.late).toBe(1);
  });

  it('needs no time when it was paused and nothing is to come', () => {
    const read = new Reading().read(plain('/', 'hello').slice(0, -1));
    read.reader.pause();
    read.read('o');
    read.reader.resume();
    expect([read.requests[0]?.complete, vi.getTimerCount()]).toEqual([true, 0]);
  });

  it('waits no longer when it is stopped', () => {
    const read = new Reading().read(plain('/', 'hello').slice(0, -1));
    read.reader.stop();
    vi.advanceTimersByTime(10_000);
    expect([read.late, read.reader.amidst, vi.getTimerCount()]).toEqual([0, undefined, 0]);
  });

  it.each([0, 3])('reads nothing more when a request has ended the connection, %d bytes before its end', (missing) => {
    const first = plain('/', 'stop it');
    const read = new Reading().read(first.slice(0, first.length - missing) + (missing ? '' : plain('/', 'b')));
    expect([read.requests.length, read.reader.amidst, vi.getTimerCount()]).toEqual([1, undefined, 0]);
  });
});
