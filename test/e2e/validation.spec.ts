import { ParseIntPipe, StandardSchemaValidationPipe, UsePipes, ValidationPipe } from '@nestjs/common';
import { APP_PIPE } from '@nestjs/core';
import { Ctx, Payload } from '@nestjs/microservices';
import { Type } from 'class-transformer';
import { IsInt, IsString, Min, MinLength, ValidateNested } from 'class-validator';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { bytes, MeshCode, MeshContext, MeshFacade, MeshProvider, type MeshService, Mpi, Wire } from 'nestjs-mesh';
import { caught } from '../support/caught.js';
import { startPair } from '../support/mesh-app.js';

class Address {
  @IsString() @MinLength(2) city!: string;
}

class PlaceOrder {
  @IsString() item!: string;
  @IsInt() @Min(1) count!: number;
  @ValidateNested() @Type(() => Address) to!: Address;
  @Wire(bytes()) note!: Uint8Array;

  total(): number {
    return this.count * 2;
  }
}

@MeshFacade()
class Shop {
  @Mpi('mesh.shop.place', PlaceOrder) place!: (order: PlaceOrder) => Promise<string>;
}

const order = (over: Partial<PlaceOrder> = {}) =>
  Object.assign(new PlaceOrder(), { item: 'tea', count: 2, to: { city: 'Hangzhou' }, note: Buffer.of(7), ...over });

describe('a facade with a class as its argument', () => {
  @MeshProvider(Shop)
  class ShopController implements MeshService<Shop> {
    place(order: PlaceOrder): string {
      const kind = order instanceof PlaceOrder ? `an order of ${order.total()}` : 'an object';
      return `${kind}, ${order.count} ${order.item}, note ${order.note[0]}`;
    }
  }

  it('takes its fields as the arguments', async () => {
    const shop = await startPair(Shop, { controllers: [ShopController] });
    expect(await shop.place(order())).toBe('an object, 2 tea, note 7');
  });

  it('is validated by the ValidationPipe, and names the fields at the consumer', async () => {
    const providers = [{ provide: APP_PIPE, useClass: ValidationPipe }];
    const shop = await startPair(Shop, { controllers: [ShopController], providers });

    expect(await shop.place(order())).toBe('an object, 2 tea, note 7');
    const error = await caught(shop.place(order({ item: 5 as never, count: 0, to: { city: 'X' } })));
    expect(error.code).toBe(MeshCode.INVALID_REQUEST);
    const details = [
      'item must be a string',
      'count must not be less than 1',
      'to.city must be longer than or equal to 2 characters',
    ];
    expect(error.details).toEqual(details);
    expect(error.message).toBe(`invalid request: ${details.join('; ')}`);
  });

  it('becomes an instance of the class when the pipe transforms', async () => {
    const pipe = new ValidationPipe({ transform: true, whitelist: true, forbidNonWhitelisted: true });
    const shop = await startPair(Shop, { controllers: [ShopController] }, {}, (app) => {
      app.useGlobalPipes(new ValidationPipe({ transform: true }));
    });
    expect(await shop.place(order())).toBe('an order of 4, 2 tea, note 7');

    const strict = await startPair(Shop, { controllers: [ShopController] }, {}, (app) => app.useGlobalPipes(pipe));
    const error = await caught(strict.place(order({ extra: 1 } as never)));
    expect(error.details).toContain('property extra should not exist');
  });
});

describe('a transforming ValidationPipe', () => {
  @MeshFacade()
  class Clock {
    @Mpi('mesh.clock.wait', ['seconds']) wait!: (seconds: number) => Promise<unknown>;
  }

  it('leaves the context as it is, whatever its type says', async () => {
    @MeshProvider(Clock)
    class ClockController {
      wait(seconds: number, @Ctx() context: MeshContext) {
        return { seconds, same: context === MeshContext.current(), service: context.service };
      }
    }
    for (const validateCustomDecorators of [false, true]) {
      const clock = await startPair(Clock, { controllers: [ClockController] }, {}, (app) => {
        app.useGlobalPipes(new ValidationPipe({ transform: true, validateCustomDecorators }));
      });
      expect(await clock.wait(5)).toEqual({ seconds: 5, same: true, service: 'mesh.clock.wait' });
    }
  });
});

describe('pipes of one parameter', () => {
  @MeshFacade()
  class Numbers {
    @Mpi('mesh.numbers.add', ['a', 'b']) add!: (a: string, b: string) => Promise<number>;
  }

  @MeshProvider(Numbers)
  class NumbersController {
    add(@Payload('b', ParseIntPipe) second: number, @Payload('a', ParseIntPipe) first: number): number {
      return first * 10 + second;
    }
  }

  it('get the argument that they name, and refuse it', async () => {
    const numbers = await startPair(Numbers, { controllers: [NumbersController] });

    expect(await numbers.add('4', '2')).toBe(42);
    expect(await caught(numbers.add('4', 'two'))).toMatchObject({
      code: MeshCode.INVALID_REQUEST,
      message: 'Validation failed (numeric string is expected)',
    });
  });
});

describe('a facade with a Standard Schema', () => {
  const Payment = z.object({ amount: z.number().int().positive(), to: z.object({ iban: z.string().min(5) }) });

  @MeshFacade()
  class Bank {
    @Mpi('mesh.bank.pay', Payment) pay!: (payment: z.infer<typeof Payment>) => Promise<number>;
  }

  @MeshProvider(Bank)
  @UsePipes(new StandardSchemaValidationPipe())
  class BankController implements MeshService<Bank> {
    pay(payment: z.infer<typeof Payment>): number {
      return Object.keys(payment).length;
    }
  }

  it('is validated on the provider, and names the fields at the consumer', async () => {
    const bank = await startPair(Bank, { controllers: [BankController] });
    const unknown = { amount: 5, to: { iban: 'DE0012' }, extra: true };
    expect(await bank.pay(unknown)).toBe(2);

    const error = await caught(bank.pay({ amount: 0.5, to: { iban: 'DE' } }));
    expect(error.code).toBe(MeshCode.INVALID_REQUEST);
    expect(error.details).toEqual([
      expect.stringMatching(/^amount: .*int/),
      expect.stringMatching(/^to\.iban: Too small/),
    ]);
    expect(error.message).toContain('to.iban');
  });
});
