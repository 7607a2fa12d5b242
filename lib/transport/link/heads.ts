import { MeshCode } from '../../errors/mesh-code.js';
import { MeshError } from '../../errors/mesh-error.js';
import { splitQuery } from '../paths.js';
import type { SharedHead, WireHeaders } from '../transport.js';
import { PayloadReader, type PayloadWriter, violation } from '../../protocol/payload.js';
import { charactersOf, HeadPlaces, type PlaceBounds } from './head-places.js';
import { MAX_HEAD_BYTES, MAX_HEADERS } from './wire.js';

/** What a call or a stream begins with, as it was read: frozen, since it may be that of many calls. */
export interface Head {
  /** Without the query. */
  readonly path: string;
  /** Empty when there is none. */
  readonly query: string;
  readonly headers: WireHeaders;
}

/** Bounds of what one side lets the other remember. */
export interface TableBounds {
  /** Most pairs. */
  readonly pairs: number;
  /** Most characters of their names and values. */
  readonly characters: number;
  /** Of whole heads. */
  readonly heads: PlaceBounds;
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
/** A whole head. It can only be the first entry: alone it is that of a place, else what follows is the head of that place from now on. */
const WHOLE = 3;

/** Longest value worth remembering. */
const LONGEST_REMEMBERED = 512;

/** Most pairs that this side keeps for a peer, whatever it remembers. */
const MAX_PAIRS = 4_096;

/** Most characters of them. */
const MAX_CHARACTERS = 512 * 1024;

/** Values seen once: at the second time, they are remembered. */
const MAX_CANDIDATES = 256;

/** Writes heads: what was said before on the same connection is said by a number. */
export class HeadWriter {
  private readonly pairs = new Map<string, Map<string, number>>();
  private candidates = new Set<string>();
  private count = 0;
  private characters = 0;
  private readonly places: HeadPlaces;

  /** @param bounds what the reader remembers */
  constructor(private readonly bounds: TableBounds) {
    this.places = new HeadPlaces(bounds.heads);
  }

  /** Writes a head. @throws MeshError E0000000413 when it is longer than heads may be */
  write(out: PayloadWriter, head: SharedHead): void {
    refuseLong(head);
    this.entries(out, head);
  }

  private entries(out: PayloadWriter, { path, headers }: SharedHead): void {
    this.entry(out, ':path', path);
    for (const name in headers) this.entry(out, name, headers[name] as string);
  }

  /** The only entry that the head needs; `undefined` when the reader has not got it. */
  known(head: SharedHead): number | undefined {
    const place = this.places.of(head);
    return place === undefined ? undefined : place * 4 + WHOLE;
  }

  /**
   * Writes a head that other calls have, too: as a whole, so that it is {@link known} from then on.
   *
   * @throws MeshError E0000000413 when it is longer than heads may be
   */
  writeShared(out: PayloadWriter, head: SharedHead): void {
    refuseLong(head);
    const place = this.places.give(head);
    if (place !== undefined) out.number(place * 4 + WHOLE);
    this.entries(out, head);
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
    const { pairs, characters: most } = this.bounds;
    if (this.count >= Math.min(pairs, MAX_PAIRS) || this.characters + characters > Math.min(most, MAX_CHARACTERS))
      return false;
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
  private readonly heads: Head[] = [];

  /** @param bounds what the writer was told that is remembered here */
  constructor(private readonly bounds: TableBounds) {}

  /**
   * Reads a head of so many bytes. One that was said as a whole is the same object each time.
   *
   * @throws MeshError E0000000616 when it is malformed, or asks to remember too much
   */
  read(input: PayloadReader, length: number): Head {
    if (length > MAX_HEAD_BYTES) throw violation(`a head takes more than ${MAX_HEAD_BYTES} bytes`);
    if ((input.next & 3) !== WHOLE) return this.entries(new PayloadReader(input.take(length)));
    const end = input.position + length;
    const place = Math.floor(input.number() / 4);
    if (input.position === end) return this.heads[place] ?? unknownHead();
    if (input.position > end) throw violation('a head is longer than it said');
    return this.place(place, this.entries(new PayloadReader(input.take(end - input.position))));
  }

  private place(place: number, head: Head): Head {
    const { count, characters } = this.bounds.heads;
    // A place is taken after those before it, so that the list has no holes.
    if (place >= count || place > this.heads.length) throw violation(`a head is to be remembered at ${place}`);
    if (charactersOf(head.path, head.headers) + head.query.length > characters) {
      throw violation(`a head of more than ${characters} characters is to be remembered`);
    }
    return (this.heads[place] = shared(head));
  }

  private entries(input: PayloadReader): Head {
    // A hash table: V8 would forget the shape of another between large messages, and the code compiled for it.
    const headers = Object.create(null) as Record<string, string>;
    let target: string | undefined;
    let count = 0;
    let characters = 0;
    while (!input.done) {
      const [name, value] = this.entry(input);
      characters += name.length + value.length;
      // Said by numbers, a short head can stand for a long one.
      if (++count > MAX_HEADERS + 1) throw violation(`a head has more than ${MAX_HEADERS} headers`);
      if (characters > MAX_HEAD_BYTES) throw violation(`a head has more than ${MAX_HEAD_BYTES} characters`);
      if (name === ':path') target = value;
      else headers[name] = value;
    }
    if (target === undefined) throw violation('a head has no path');
    const { path, query } = splitQuery(target);
    return { path, query, headers };
  }

  private entry(input: PayloadReader): Pair {
    const code = input.number();
    const kind = code & 3;
    const place = Math.floor(code / 4);
    if (kind === PAIR) return this.pairs[place] ?? unknownPair();
    if (kind === WHOLE) throw violation('a head has a whole head within');
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

/** Most bytes of an entry beside its name and value. */
const ENTRY_BYTES = 12;

/** A head that many calls have: it is read fast, and nobody changes it for the others. */
function shared({ path, query, headers }: Head): Head {
  const record = Object.setPrototypeOf({ ...headers }, null) as WireHeaders;
  return Object.freeze({ path, query, headers: Object.freeze(record) });
}

/** Who reads a head that is too long closes the connection, with all calls on it. */
function refuseLong({ path, headers }: SharedHead): void {
  let count = 0;
  let characters = path.length;
  for (const name in headers) {
    count++;
    characters += name.length + (headers[name] as string).length;
  }
  if (count <= MAX_HEADERS && 3 * characters + ENTRY_BYTES * (count + 2) <= MAX_HEAD_BYTES) return;
  let bytes = Buffer.byteLength(path) + ENTRY_BYTES * (count + 2);
  for (const name in headers) bytes += Buffer.byteLength(name) + Buffer.byteLength(headers[name] as string);
  if (count <= MAX_HEADERS && bytes <= MAX_HEAD_BYTES) return;
  const message = `${count} headers of about ${bytes} bytes are over the limit of ${MAX_HEADERS} and ${MAX_HEAD_BYTES} bytes`;
  throw new MeshError(MeshCode.MESSAGE_TOO_LONG, message, { neverSent: true });
}

function unknownHead(): never {
  throw violation('a call has a head that was never said');
}

function unknownPair(): never {
  throw violation('a head names a header that was never said');
}

function unknownName(): never {
  throw violation('a head names a header by an unknown number');
}
