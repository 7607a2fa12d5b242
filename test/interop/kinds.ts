import { bytes, int64, MeshFacade, Mpi } from 'nestjs-mesh';

/** The nested object of the recorded calls. */
export interface Order {
  /** Its id. */
  readonly id: string;
  /** Its amount. */
  readonly amount: number;
  /** Its items. */
  readonly items: readonly string[];
}

/**
 * The services that both sides of the tests implement: one for each kind of value and each way to fail, as recorded in
 * `test/support/vectors/rpc.json`. `python/kinds.py` declares the same ones.
 */
@MeshFacade()
export class Kinds {
  /** The arguments, each as Python prints it, with bars between. */
  @Mpi('vectors.kinds.scalars', ['s', int64('i'), 'f', 'b'])
  scalars!: (s: string, i: bigint, f: number, b: boolean) => Promise<string>;

  /** Twice each number. */
  @Mpi('vectors.kinds.collections', ['xs', 'kv'])
  collections!: (xs: readonly number[], kv: Readonly<Record<string, string>>) => Promise<number[]>;

  /** The bytes in reverse. */
  @Mpi('vectors.kinds.binary', [bytes('data')], { returns: bytes() })
  binary!: (data: Uint8Array) => Promise<Uint8Array>;

  /** The order itself. */
  @Mpi('vectors.kinds.order', ['order'])
  order!: (order: Order) => Promise<Order>;

  /** Null. */
  @Mpi('vectors.kinds.nothing', [])
  nothing!: () => Promise<null>;

  /** Fails with an error that has no code. */
  @Mpi('vectors.kinds.fails', ['why'])
  fails!: (why: string) => Promise<string>;

  /** Fails with E0000000403. */
  @Mpi('vectors.kinds.denied', ['why'])
  denied!: (why: string) => Promise<string>;

  /** The integer itself, however large. */
  @Mpi('vectors.kinds.big', [int64('i')], { returns: int64() })
  big!: (i: bigint) => Promise<bigint>;

  /** What the provider knows of the call: trace, span, source node, and every attachment. */
  @Mpi('vectors.kinds.seen', [])
  seen!: () => Promise<Record<string, string>>;

  /** Answers after this time. */
  @Mpi('vectors.kinds.slow', ['ms'])
  slow!: (ms: number) => Promise<string>;
}

/** Calls on, to see what a nested call carries. */
@MeshFacade()
export class Relay {
  /** What `vectors.kinds.seen` says to a call made from within this one. */
  @Mpi('vectors.relay.seen', [])
  seen!: () => Promise<Record<string, string>>;
}

/** Nobody provides this. */
@MeshFacade()
export class Missing {
  /** Never answers with success. */
  @Mpi('vectors.kinds.missing', ['s'])
  missing!: (s: string) => Promise<string>;
}
