import { EMPTY, firstValueFrom, type Observable, of } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { bytes, int64, MeshFacade, MeshProvider, type MeshService, Mpi, Wire, wireTypeOf } from 'nestjs-mesh';
import { startApp, startPair } from '../support/mesh-app.js';

class Page {
  @Wire(bytes()) data!: Uint8Array;
  @Wire(int64()) offset!: bigint;
  title!: string;
}

class Book {
  @Wire(Page) cover!: Page;
  tags!: string[];
}

@MeshFacade()
class Values {
  @Mpi('mesh.values.add', ['a', 'b']) add!: (a: number, b: number) => Promise<number>;
  @Mpi('mesh.values.square', [int64('n')], { returns: int64() }) square!: (n: bigint) => Promise<bigint>;
  @Mpi('mesh.values.reverse', [bytes('data')], { returns: bytes() }) reverse!: (d: Uint8Array) => Promise<Uint8Array>;
  @Mpi('mesh.values.count', ['n'], { observable: true }) count!: (n: number) => Observable<number>;
  @Mpi('mesh.values.none') none!: () => Promise<unknown>;
  @Mpi('mesh.values.empty') empty!: () => Promise<unknown>;
  @Mpi('mesh.values.echo', ['value', 'second']) echo!: (value: unknown, second?: unknown) => Promise<unknown>;
  @Mpi('mesh.values.kinds', ['value']) kinds!: (value: readonly unknown[]) => Promise<string[]>;
  @Mpi('mesh.values.turn', Book, { returns: Book }) turn!: (book: Book) => Promise<Book>;
}

@MeshProvider(Values)
class ValuesController implements MeshService<Values> {
  add(a: number, b: number): number {
    return a + b;
  }
  async square(n: bigint): Promise<bigint> {
    return n * n;
  }
  reverse(data: Uint8Array): Uint8Array {
    return data.toReversed();
  }
  count(n: number): Observable<number> {
    return of(n - 1, n);
  }
  none(): undefined {
    return undefined;
  }
  empty(): Observable<never> {
    return EMPTY;
  }
  echo(value: unknown, second?: unknown): unknown {
    return second === undefined ? value : [value, second];
  }
  kinds(value: readonly unknown[]): string[] {
    return value.map((one) => typeof one);
  }
  turn(book: Book): Book {
    const { data, offset, title } = book.cover;
    return { ...book, cover: { data: data.toReversed(), offset: -offset, title: title.toUpperCase() } };
  }
}

const provider = { controllers: [ValuesController] };

describe('values from one application to another', () => {
  it('are numbers, 64-bit integers, bytes and Observables', async () => {
    const values = await startPair(Values, provider);

    expect(await values.add(1, 2)).toBe(3);
    expect(await values.square(2n ** 31n)).toBe(2n ** 62n);
    expect(await values.square(3n)).toBe(9n);
    expect([...(await values.reverse(Uint8Array.of(0, 255, 7)))]).toEqual([7, 255, 0]);
    expect(await firstValueFrom(values.count(4))).toBe(4);
  });

  it('stay what they were when others have come', async () => {
    const values = await startPair(Values, provider, { use: { transport: 'tcp' } });

    const sizes = [100, 129, 5_000, 8_193, 12_000, 16_000, 20_000, 70_000];
    const got: Uint8Array[] = [];
    for (const size of sizes) got.push(await values.reverse(new Uint8Array(size).fill(size % 251)));
    got.push(...(await Promise.all(sizes.map((size) => values.reverse(new Uint8Array(size).fill(size % 241))))));
    sizes.forEach((size, index) => {
      expect(got[index]).toEqual(Buffer.alloc(size, size % 251));
      expect(got[sizes.length + index]).toEqual(Buffer.alloc(size, size % 241));
    });
  });

  it('are null where a handler answers nothing', async () => {
    const values = await startPair(Values, provider);

    expect(await values.none()).toBeNull();
    expect(await values.empty()).toBeNull();
  });

  it('are whatever JSON says', async () => {
    const values = await startPair(Values, provider);

    const deep = { a: [1, 'ü€😀', null, true, { b: [] }], '': 0.1, constructor: 'c', toString: 1 };
    for (const value of [null, true, '', 'ü€😀\u0000\n', 0, -0.5, [], {}, deep]) {
      expect(await values.echo(value)).toEqual(value);
    }
    expect(await values.echo(1, 2)).toEqual([1, 2]);
  });

  it('keep every digit of an integer, as a bigint where a number would lose some', async () => {
    const values = await startPair(Values, provider);

    expect(await values.echo(2n ** 53n + 1n)).toBe(2n ** 53n + 1n);
    expect(await values.echo(5n)).toBe(5);
    expect(await values.kinds([1, 5n, 2n ** 60n])).toEqual(['number', 'number', 'bigint']);
  });

  it('are base64 where bytes have no wire type', async () => {
    const values = await startPair(Values, provider);
    expect(await values.echo(Uint8Array.of(1, 2, 3))).toBe('AQID');
  });

  it('are bytes and bigints within the classes of arguments and answers', async () => {
    const values = await startPair(Values, provider);
    const book = { cover: { data: Uint8Array.of(1, 2), offset: 2n ** 60n, title: 'a' }, tags: ['x'] };

    expect(wireTypeOf(Book)).toBeDefined();
    const turned = await values.turn(book);
    expect([...turned.cover.data]).toEqual([2, 1]);
    expect(turned).toMatchObject({ cover: { offset: -(2n ** 60n), title: 'A' }, tags: ['x'] });
    expect([...book.cover.data]).toEqual([1, 2]);
  });

  it('reach a service of the same process without a network', async () => {
    const app = await startApp({ ...provider, facades: [Values] });
    const values = app.client(Values);

    expect(await values.add(20, 22)).toBe(42);
    expect([...(await values.reverse(Uint8Array.of(1, 2)))]).toEqual([2, 1]);
    const object = { list: [1] };
    expect(await values.echo(object)).not.toBe(object);
  });
});
