import { IdTable } from '../../collections/id-table.js';
import { youngMemory } from '../young-memory.js';
import { type Piece } from './wire.js';
import { violation } from '../../protocol/payload.js';

/** What large messages belong to: those of calls, and those of streams, are counted by themselves. */
export type Bulk = 'calls' | 'streams';

/** A message that comes in pieces. */
interface Assembly {
  /** Of the call or stream. */
  readonly id: number;
  readonly total: number;
  /** Taken with its first piece: messages that wait for their turn at the sender have announced themselves already. */
  bytes: Buffer | undefined;
  filled: number;
  readonly of: Bulk;
  /** Absent where nobody wants it: it is passed over. */
  readonly complete: ((body: Buffer) => void) | undefined;
}

/** Bounds of what may be under way of messages that come in pieces. */
export interface AssemblyBounds {
  readonly maxMessageBytes: number;
  readonly bulkBytes: number;
  /** Most messages. */
  readonly maxCalls: number;
}

/** Puts messages together that come in pieces, and holds those who send them to the bounds. */
export class Assemblies {
  private readonly byId = new IdTable<Assembly>();
  private readonly underWay: Record<Bulk, number> = { calls: 0, streams: 0 };

  /** @param taken told of bytes that are no longer under way */
  constructor(
    private readonly bounds: AssemblyBounds,
    private readonly taken: (of: Bulk, bytes: number) => void,
  ) {}

  /** Messages of which a part has come. */
  get size(): number {
    return this.byId.size;
  }

  /**
   * A message begins. One of a stream is under way until it is {@link release}d; any other, until it is whole.
   *
   * @param complete told when it is whole; absent where nobody wants it
   * @throws MeshError E0000000616 when it may not begin
   */
  begin(id: number, total: number, of: Bulk, complete: Assembly['complete']): void {
    const { bulkBytes, maxCalls } = this.bounds;
    if (this.byId.get(id)) throw violation(`a message of ${id} begins within another`);
    if (this.byId.size >= maxCalls) throw violation(`more than ${maxCalls} messages are under way in pieces`);
    this.check(total);
    const underWay = this.underWay[of];
    if (underWay > 0 && underWay + total > bulkBytes) {
      throw violation(`large messages of ${of} of more than ${bulkBytes} bytes are under way`);
    }
    this.underWay[of] += total;
    this.byId.add({ id, total, bytes: undefined, filled: 0, of, complete });
  }

  /** Whether a message may be so long, in pieces or whole. @throws MeshError E0000000616 when it may not */
  check(total: number): void {
    const { maxMessageBytes } = this.bounds;
    if (total > maxMessageBytes) throw violation(`a message takes ${total} bytes, more than ${maxMessageBytes}`);
  }

  /** A piece has come. @throws MeshError E0000000616 when it belongs to no message, or is too much or too little */
  add(id: number, piece: Buffer, which: Piece): void {
    const assembly = this.byId.get(id);
    if (!assembly) throw violation(`a piece belongs to no message of ${id}`);
    const { total, complete } = assembly;
    if (assembly.filled + piece.length > total) throw violation(`a message of ${id} is longer than it said`);
    if (complete) (assembly.bytes ??= memoryOf(total)).set(piece, assembly.filled);
    assembly.filled += piece.length;
    if (which === 'more') return;
    if (assembly.filled < total) throw violation(`a message of ${id} is shorter than it said`);
    if (!complete || assembly.of === 'calls') this.drop(id);
    else this.byId.delete(id);
    complete?.(assembly.bytes ?? Buffer.alloc(0));
  }

  /** A message of a stream was read, or nobody will. */
  release(of: Bulk, bytes: number): void {
    this.underWay[of] -= bytes;
    this.taken(of, bytes);
  }

  /** A message goes no further. */
  drop(id: number): void {
    const assembly = this.byId.get(id);
    if (!assembly) return;
    this.byId.delete(id);
    this.release(assembly.of, assembly.total);
  }

  /** Everything under way is lost. */
  clear(): void {
    this.byId.clear();
    this.underWay.calls = this.underWay.streams = 0;
  }
}

function memoryOf(bytes: number): Buffer {
  youngMemory.note(bytes);
  return Buffer.allocUnsafeSlow(bytes);
}
