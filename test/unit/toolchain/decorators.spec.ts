import 'reflect-metadata';
import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { describe, expect, it } from 'vitest';

@Injectable()
class Clock {
  readonly now = 42;
}

@Injectable()
class Watch implements OnModuleInit {
  started = false;

  constructor(
    readonly clock: Clock,
    @Inject('ZONE') readonly zone: string,
  ) {}

  onModuleInit(): void {
    this.started = true;
  }
}

function Field(target: object, key: string): void {
  Reflect.defineMetadata('field', Reflect.getMetadata('design:type', target, key), target);
}

class Declared {
  @Field declared!: (token: string) => Promise<boolean>;
}

// The compiler of the tests is not the one of the build. Both have to agree on what a Nest class means.
describe('decorators as the tests compile them', () => {
  it('emit the types of constructor parameters, so that Nest can inject by class', async () => {
    const module = await Test.createTestingModule({
      providers: [Clock, Watch, { provide: 'ZONE', useValue: 'UTC' }],
    }).compile();
    await module.init();

    expect(module.get(Watch)).toMatchObject({ clock: { now: 42 }, zone: 'UTC', started: true });
    await module.close();
  });

  it('emit the type of a property', () => {
    expect(Reflect.getMetadata('field', Declared.prototype)).toBe(Function);
  });
});
