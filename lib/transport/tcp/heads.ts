import type { WireHeaders } from '../transport.js';
import { PayloadReader, type PayloadWriter, violation } from '../../protocol/payload.js';
import { MAX_HEAD_BYTES } from './wire.js';

/** What a call or a stream begins with. */
export interface Head {
  readonly path: string;
  readonly headers: WireHeaders;
}

/** Bounds of what one side lets the other remember. */
export interface TableBounds {
  /** Most pairs. */
  readonly pairs: number;
  /** Most characters of their names and values. */
  readonly characters: number;
}

/** Names that both sides know from the beginning, by their place. New ones are added at the end, with a new version. */
const KNOWN_NAMES: readonly string[] = [
  ':path',
  'x-ptp-version',
  'x-ptp-tech-provider-code',
  'x-ptp-trace-id',
  'x-ptp-token',
  'x-ptp-uri',
  'x-ptp-session-id',
  'x-ptp-source-node-id',
  'x-ptp-source-inst-id',
  'x-ptp-target-node-id',
  'x-ptp-target-inst-id',
  'x-ptp-topic',
  'x-ptp-timeout',
  'mesh-urn',
  'mesh-span-id',
  'mesh-timestamp',
  'mesh-run-mode',
  'mesh-consumer',
  'mesh-provider',
  'mesh-incoming-host',
  'mesh-outgoing-host',
  'mesh-incoming-proxy',
  'mesh-outgoing-proxy',
  'mesh-subset',
  'mesh-path',
  'mesh-gray',
  'mesh-proto',
  'mesh-message-id',
  'mesh-nodes-passed',
  'mesh-acknowledge',
  'mesh-delivery',
  'mesh-acknowledged',
  'traceparent',
];

const KNOWN: ReadonlyMap<string, number> = new Map(KNOWN_NAMES.map((name, index) => [name, index]));

/** Headers whose values are new with each call: remembering them would be for nothing. */
const CHANGING: ReadonlySet<string> = new Set([
  'x-ptp-trace-id',
  'x-ptp-timeout',
  'mesh-span-id',
  'mesh-timestamp',
  'mesh-message-id',
  'mesh-acknowledged',
  'traceparent',
]);

/** How an entry says its header, in the two lowest bits; what stands above them is the number of a name or a pair. */
const LITERAL = 0;
const REMEMBERED = 1;
const PAIR = 2;

/** Longest value worth remembering. */
const LONGEST_REMEMBERED = 512;

/** Values seen once: at the second time, they are remembered. */
const MAX_CANDIDATES = 256;

/** Writes heads: what was said before on the same connection is said by a number. */
export class HeadWriter {
  private readonly pairs = new Map<string, Map<string, number>>();
  private candidates = new Set<string>();
  private count = 0;
  private characters = 0;

  /** @param bounds what the reader remembers */
  constructor(private readonly bounds: TableBounds) {}

  /** Writes a head. */
  write(out: PayloadWriter, { path, headers }: Head): void {
    this.entry(out, ':path', path);
    for (const name in headers) this.entry(out, name, headers[name] as string);
  }

  private entry(out: PayloadWriter, name: string, value: string): void {
    const known = this.pairs.get(name)?.get(value);
    if (known !== undefined) return void out.number(known * 4 + PAIR);
    const kind = this.remember(name, value) ? REMEMBERED : LITERAL;
    const place = KNOWN.get(name);
    out.number((place === undefined ? 0 : place + 1) * 4 + kind);
    if (place === undefined) out.text(name);
    out.text(value);
  }

  /** Whether both sides remember a header from now on. */
  private remember(name: string, value: string): boolean {
    if (CHANGING.has(name) || value.length > LONGEST_REMEMBERED) return false;
    const characters = name.length + value.length;
    if (this.count >= this.bounds.pairs || this.characters + characters > this.bounds.characters) return false;
    if (!this.isSeenAgain(`${name} ${value}`)) return false;
    const values = this.pairs.get(name) ?? new Map<string, number>();
    this.pairs.set(name, values);
    values.set(value, this.count++);
    this.characters += characters;
    return true;
  }

  private isSeenAgain(candidate: string): boolean {
    if (this.candidates.delete(candidate)) return true;
    if (this.candidates.size >= MAX_CANDIDATES) this.candidates = new Set();
    this.candidates.add(candidate);
    return false;
  }
}

type Pair = readonly [name: string, value: string];

/** Reads heads that a {@link HeadWriter} wrote, in the order in which they were written. */
export class HeadReader {
  private readonly pairs: Pair[] = [];
  private characters = 0;

  /** @param bounds what the writer was told that is remembered here */
  constructor(private readonly bounds: TableBounds) {}

  /** @throws MeshError E0000000616 when it is malformed, or asks to remember too much */
  read(bytes: Buffer): Head {
    if (bytes.length > MAX_HEAD_BYTES) throw violation(`a head takes more than ${MAX_HEAD_BYTES} bytes`);
    const input = new PayloadReader(bytes);
    const headers = Object.create(null) as Record<string, string>;
    let path: string | undefined;
    while (!input.done) {
      const [name, value] = this.entry(input);
      if (name === ':path') path = value;
      else headers[name] = value;
    }
    if (path === undefined) throw violation('a head has no path');
    return { path, headers };
  }

  private entry(input: PayloadReader): Pair {
    const code = input.number();
    const kind = code & 3;
    const place = Math.floor(code / 4);
    if (kind === PAIR) return this.pairs[place] ?? unknownPair();
    if (kind > PAIR) throw violation('a head has an entry of an unknown kind');
    const name = place === 0 ? input.text() : (KNOWN_NAMES[place - 1] ?? unknownName());
    const pair: Pair = [name, input.text()];
    if (kind === REMEMBERED) this.remember(pair);
    return pair;
  }

  private remember(pair: Pair): void {
    this.characters += pair[0].length + pair[1].length;
    if (this.pairs.length >= this.bounds.pairs || this.characters > this.bounds.characters) {
      throw violation('more headers are to be remembered than was agreed');
    }
    this.pairs.push(pair);
  }
}

function unknownPair(): never {
  throw violation('a head names a header that was never said');
}

function unknownName(): never {
  throw violation('a head names a header by an unknown number');
}
