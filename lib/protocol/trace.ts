import { randomInt } from 'node:crypto';
import { networkInterfaces } from 'node:os';

/** Span id of the first call of a trace. */
export const ROOT_SPAN_ID = '0';

/** Longest span id, in characters; the reference starts anew at `0` beyond it. */
export const MAX_SPAN_ID_LENGTH = 255;

/** Longest trace id read, in characters. */
export const MAX_TRACE_ID_LENGTH = 128;

/** Start of the count of milliseconds in an id, as the reference has it: 21 March 2006. */
const EPOCH = 1_142_974_214_000;

/** Ids of one millisecond: 22 bits. */
const SEQUENCES = 4_194_304;

/**
 * Makes trace ids: the host's IPv4 address in upper-case hex, then a decimal number of 63 bits whose upper 41 are
 * milliseconds and whose lower 22 count up, from a start drawn once, within each. So no two ids of one process are equal,
 * even when its clock is set back; and two processes of a host share one only if they draw starts that lie closer than the
 * ids that they make in a millisecond: with a million ids a second each, one pair of processes in two thousand.
 */
export class TraceIds {
  private prefix: string | undefined;
  /** What the ids begin with at the moment: all but their last five digits. It changes a few times in a millisecond. */
  private head = -1;
  private beginning = '';
  private millisecond = 0;
  private count = 0;

  constructor(
    private readonly now: () => number = Date.now,
    private readonly start: number = randomInt(SEQUENCES),
    private readonly address: () => string = hostAddress,
  ) {}

  /** The next id. @param now what time it is: ms since the epoch */
  next(now = this.now()): string {
    const millisecond = now - EPOCH;
    if (millisecond > this.millisecond) {
      this.millisecond = millisecond;
      this.count = 0;
    } else if (++this.count === SEQUENCES) {
      this.millisecond++;
      this.count = 0;
    }
    return this.decimal(this.millisecond, this.start + this.count);
  }

  /**
   * `millisecond * 2^22 + sequence` in decimal, behind the address. A `number` is too small for it and a `bigint` too slow, so the
   * last five digits are worked out apart from the rest.
   */
  private decimal(millisecond: number, sequence: number): string {
    const upper = Math.floor(millisecond / 100_000);
    const lower = (millisecond % 100_000) * SEQUENCES + sequence;
    const head = upper * SEQUENCES + Math.floor(lower / 100_000);
    if (head !== this.head) this.begin(head);
    // A digit more, which is cut off, keeps the zeros at the beginning.
    return this.beginning + String(100_000 + (lower % 100_000)).slice(1);
  }

  private begin(head: number): void {
    this.prefix ??= hexOf(this.address());
    this.head = head;
    this.beginning = this.prefix + String(head);
  }
}

const ids = new TraceIds();

/**
 * A new trace id, unique among the processes of this host (PROTOCOL 7): `C00002022736286722319765504`.
 *
 * @param now what time it is, for who has just looked: ms since the epoch
 */
export function newTraceId(now?: number): string {
  return ids.next(now);
}

/** Whether a trace id from a peer can be carried on: printable ASCII without spaces, at most 128 characters. */
export function isTraceId(text: string): boolean {
  return text.length <= MAX_TRACE_ID_LENGTH && /^[!-~]+$/.test(text);
}

/** Whether a text is a span id: numbers with dots between them, at most 255 characters. */
export function isSpanId(text: string): boolean {
  return text.length <= MAX_SPAN_ID_LENGTH && /^\d+(\.\d+)*$/.test(text);
}

function hexOf(address: string): string {
  return address
    .split('.')
    .map((octet) => Number(octet).toString(16).toUpperCase().padStart(2, '0'))
    .join('');
}

/** The first IPv4 address by which others reach this host; the loopback's when there is none. */
function hostAddress(): string {
  const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  return addresses.find(({ family, internal }) => family === 'IPv4' && !internal)?.address ?? '127.0.0.1';
}
