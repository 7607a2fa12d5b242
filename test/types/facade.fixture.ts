import { Ctx } from '@nestjs/microservices';
import {
  arg,
  bytes,
  direct,
  directMany,
  int64,
  listOf,
  type MeshContext,
  type MeshError,
  MeshFacade,
  type MeshService,
  Mpi,
} from 'nestjs-mesh';
import type { Observable } from 'rxjs';
import { z } from 'zod';

// Compiled by facade.spec.ts: a directive that expects an error, and finds none, is an error itself.

class Order {
  item!: string;
  count!: number;
}

class Receipt {
  id!: string;
}

const OrderSchema = z.object({ item: z.string(), count: z.number() });

@MeshFacade()
export class Fitting {
  @Mpi('types.fit.none', []) none!: () => Promise<void>;
  @Mpi('types.fit.two', ['a', 'b']) two!: (a: string, b: number) => Promise<string>;
  @Mpi('types.fit.optional', ['a', 'b']) optional!: (a: string, b?: number) => Promise<string>;
  @Mpi('types.fit.dto', Order) dto!: (order: Order) => Promise<Receipt>;
  @Mpi('types.fit.schema', OrderSchema) schema!: (order: z.infer<typeof OrderSchema>) => Promise<Receipt>;
  @Mpi('types.fit.object') object!: (order: { item: string }) => Promise<Receipt>;
  @Mpi('types.fit.nothing') nothing!: () => Promise<Receipt>;
  @Mpi('types.fit.bytes', [bytes('data'), 'name']) bytes!: (data: Uint8Array, name: string) => Promise<number>;
  @Mpi('types.fit.big', [int64('id')], { returns: int64() }) big!: (id: bigint) => Promise<bigint>;
  @Mpi('types.fit.lists', [arg('all', listOf(bytes()))]) lists!: (all: Uint8Array[]) => Promise<number>;
  @Mpi('types.fit.stream', ['n'], { observable: true }) stream!: (n: number) => Observable<number>;
}

@MeshFacade()
export class Misfitting {
  // @ts-expect-error one name for two parameters
  @Mpi('types.bad.few', ['a']) few!: (a: string, b: number) => Promise<string>;
  // @ts-expect-error two names for one parameter
  @Mpi('types.bad.many', ['a', 'b']) many!: (a: string) => Promise<string>;
  // @ts-expect-error a name is missing for the optional parameter too
  @Mpi('types.bad.optional', ['a']) optional!: (a: string, b?: number) => Promise<string>;
  // @ts-expect-error names cannot be given to parameters without a number
  @Mpi('types.bad.rest', ['a']) rest!: (...all: string[]) => Promise<string>;
  // @ts-expect-error bytes are a Uint8Array
  @Mpi('types.bad.bytes', [bytes('data')]) bytes!: (data: string) => Promise<void>;
  // @ts-expect-error a 64-bit integer is a bigint
  @Mpi('types.bad.big', [int64('id')]) big!: (id: number) => Promise<void>;
  // @ts-expect-error a list of bytes is no list of strings
  @Mpi('types.bad.list', [arg('all', listOf(bytes()))]) list!: (all: string[]) => Promise<void>;
  // @ts-expect-error the method takes another class
  @Mpi('types.bad.dto', Order) dto!: (receipt: Receipt) => Promise<void>;
  // @ts-expect-error one object, not two
  @Mpi('types.bad.dtos', Order) dtos!: (order: Order, other: Order) => Promise<void>;
  // @ts-expect-error the schema makes another object
  @Mpi('types.bad.schema', OrderSchema) schema!: (order: { price: number }) => Promise<void>;
  // @ts-expect-error without names there is one object
  @Mpi('types.bad.unnamed') unnamed!: (a: string) => Promise<void>;
  // @ts-expect-error an Observable must be said
  @Mpi('types.bad.unsaid', ['n']) unsaid!: (n: number) => Observable<number>;
  // @ts-expect-error said to be an Observable, but a Promise
  @Mpi('types.bad.said', ['n'], { observable: true }) said!: (n: number) => Promise<number>;
  // @ts-expect-error an answer takes time
  @Mpi('types.bad.value', ['n']) value!: (n: number) => number;
  // @ts-expect-error a property with @Mpi is a function
  @Mpi('types.bad.property', []) property!: string;
  // @ts-expect-error no option of that name
  @Mpi('types.bad.option', ['n'], { timeout: 5 }) option!: (n: number) => Promise<void>;
}

@MeshFacade()
export class Small {
  @Mpi('types.small.one', ['n']) one!: (n: number) => Promise<string>;
  @Mpi('types.small.two', ['n'], { observable: true }) two!: (n: number) => Observable<boolean>;
}

/** A value, a Promise, and the context behind the arguments. */
export class SmallProvider implements MeshService<Small> {
  one(n: number, @Ctx() context: MeshContext): string {
    return `${n} ${context.traceId}`;
  }
  async two(n: number): Promise<boolean> {
    return n > 0;
  }
}

// @ts-expect-error the method `two` is missing
export class Incomplete implements MeshService<Small> {
  one(): string {
    return '';
  }
}

export class Otherwise implements MeshService<Small> {
  // @ts-expect-error answers with a number instead of a string
  one(n: number): number {
    return n;
  }
  // @ts-expect-error takes a string instead of a number
  two(n: string): boolean {
    return n === '';
  }
}

/** What comes of directing calls. */
export async function directed(small: Small): Promise<readonly [string, string | undefined, MeshError | undefined]> {
  const one: string = await direct(small, { nodeId: 'LX0000010000290', timeoutMs: 5 }).one(1);
  const [first] = await directMany(small, [{ address: '127.0.0.1:7304' }]).one(1);
  const [second] = await directMany(small, [{ subset: 'blue' }]).two(1);
  const flag: boolean | undefined = second?.value;
  // @ts-expect-error no such option
  direct(small, { node: 'LX0000010000290' });
  // @ts-expect-error the parameters stay the facade's
  void directMany(small, []).one('1');
  if (first?.error) return [one, undefined, first.error];
  return [`${one}${flag}`, first?.value, undefined];
}
