import { Inject, Injectable, Module, Scope, type DynamicModule, type Type } from '@nestjs/common';
import { DiscoveryModule, DiscoveryService } from '@nestjs/core';
import { Test } from '@nestjs/testing';
import { describe, expect, it } from 'vitest';
import { discoverExtensions } from '../../../lib/kernel/discover-extensions.js';
import { defineFamily } from '../../../lib/kernel/extension-family.js';
import { ExtensionRegistry, type ExtensionEntry } from '../../../lib/kernel/extension-registry.js';
import { MeshExtension } from '../../../lib/kernel/extension.decorator.js';

interface Greeter {
  greet(): string;
}

const GREETER = defineFamily<Greeter>('greeter', 'plain');
const PARTER = defineFamily<object>('parter');

@MeshExtension(GREETER, 'plain')
class BuiltIn implements Greeter {
  greet(): string {
    return 'built in';
  }
}

@Injectable()
class Words {
  readonly hello = 'hello';
}

@MeshExtension(GREETER, 'plain')
class Replacement implements Greeter {
  constructor(@Inject(Words) private readonly words: Words) {}
  greet(): string {
    return this.words.hello;
  }
}

@MeshExtension(GREETER, 'loud', { priority: 3 })
@MeshExtension(PARTER, 'loud')
class Loud implements Greeter {
  greet(): string {
    return 'HELLO';
  }
}

@MeshExtension(GREETER, 'partner', { mesh: 'partner' })
class OfPartner implements Greeter {
  greet(): string {
    return 'partner';
  }
}

class Unmarked extends Loud {}

/** Stands for the module of one mesh; each has its own copies of the built-in classes. */
@Module({})
class Home {
  static with(builtins: readonly Type[]): DynamicModule {
    return { module: Home, providers: [...builtins] };
  }
}

@Module({})
class OtherHome {}

async function discover(
  providers: NonNullable<DynamicModule['providers']>,
  mesh = 'default',
): Promise<readonly ExtensionEntry[]> {
  const app = await Test.createTestingModule({
    imports: [DiscoveryModule, Home.with([BuiltIn]), { module: OtherHome, providers: [BuiltIn] }],
    providers,
  }).compile();
  try {
    return [...discoverExtensions(app.get(DiscoveryService), mesh, new Set([BuiltIn]), app.get(Home))];
  } finally {
    await app.close();
  }
}

function facts(entries: readonly ExtensionEntry[]): string[] {
  return entries.map(
    ({ family, name, priority, builtin }) => `${family} ${name} ${priority} ${builtin ? 'built in' : 'user'}`,
  );
}

describe('discoverExtensions', () => {
  it("finds the mesh's own copy of a built-in class, and no other mesh's", async () => {
    expect(facts(await discover([]))).toEqual(['greeter plain 0 built in']);
  });

  it("finds a user's provider in any module, with what Nest injects into it, in the place of the built-in one", async () => {
    const entries = await discover([Words, Replacement]);
    expect(facts(entries).toSorted()).toEqual(['greeter plain 0 built in', 'greeter plain 0 user']);
    expect(new ExtensionRegistry(entries).get(GREETER).greet()).toBe('hello');
  });

  it('finds a class once in each family that it implements, with its priority', async () => {
    const entries = await discover([Loud]);
    expect(facts(entries).filter((fact) => fact.includes('loud'))).toEqual([
      'parter loud 0 user',
      'greeter loud 3 user',
    ]);
    const registry = new ExtensionRegistry(entries);
    expect(registry.get(GREETER).greet()).toBe('HELLO');
    expect(registry.get(PARTER)).toBe(registry.get(GREETER, 'loud'));
  });

  it('finds an instance once, though it goes by several tokens', async () => {
    const entries = await discover([Loud, { provide: 'alias', useExisting: Loud }]);
    expect(facts(entries).filter((fact) => fact.startsWith('greeter loud'))).toHaveLength(1);
  });

  it('gives what serves one mesh to that mesh only', async () => {
    expect(facts(await discover([OfPartner], 'partner'))).toContain('greeter partner 0 user');
    expect(facts(await discover([OfPartner]))).not.toContain('greeter partner 0 user');
  });

  it('refuses two providers of one name', async () => {
    @MeshExtension(GREETER, 'loud')
    class Louder extends Loud {}
    const entries = await discover([Loud, Louder]);
    expect(() => new ExtensionRegistry(entries)).toThrow(
      /two extensions claim the greeter 'loud': Loud(er)? and Loud(er)?/,
    );
  });

  it('finds a class that is provided under another token', async () => {
    expect(facts(await discover([{ provide: 'greeter', useClass: Loud }]))).toContain('greeter loud 3 user');
  });

  it.each([Scope.REQUEST, Scope.TRANSIENT])(
    'refuses an extension that is not a singleton (scope %s)',
    async (scope) => {
      await expect(discover([{ provide: Loud, useClass: Loud, scope }])).rejects.toThrow(
        'the extension Loud must be a singleton',
      );
    },
  );

  it('refuses an extension that injects what is made anew for each request', async () => {
    const words = { provide: Words, useClass: Words, scope: Scope.REQUEST };
    await expect(discover([words, Replacement])).rejects.toThrow('the extension Replacement must be a singleton');
  });

  it('passes over providers without a mark', async () => {
    expect(facts(await discover([Words]))).toEqual(['greeter plain 0 built in']);
  });
});

describe('MeshExtension', () => {
  it('leaves the marks of the parent class alone', async () => {
    @MeshExtension(GREETER, 'child')
    class Child extends Loud {}
    expect(facts(await discover([Child])).filter((fact) => fact.endsWith('user'))).toEqual(['greeter child 0 user']);
    expect(facts(await discover([Loud])).filter((fact) => fact.endsWith('user'))).toHaveLength(2);
  });

  it('does not mark what inherits from a marked class', async () => {
    expect(facts(await discover([Unmarked]))).toEqual(['greeter plain 0 built in']);
  });

  it('makes the class injectable', () => {
    expect(Reflect.getMetadata('__injectable__', BuiltIn)).toBe(true);
  });
});
