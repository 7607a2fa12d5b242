import { MeshCode, MeshFacade, Mpi } from 'nestjs-mesh';
import { describe, expect, it } from 'vitest';
import { readFacade } from '../../../../lib/rpc/facade/facade.js';

const refusal = (message: string) => expect.objectContaining({ code: MeshCode.INVALID_REQUEST, message });

describe('a facade is read from its class', () => {
  it('puts the settings of a method over those of the class', () => {
    @MeshFacade({ timeoutMs: 5_000, retries: 1 })
    class Tokenizer {
      @Mpi('mesh.trust.apply', ['kind']) apply!: (kind: string) => Promise<string>;
      @Mpi('mesh.trust.verify', ['token'], { timeoutMs: 50, idempotent: true })
      verify!: (token: string) => Promise<boolean>;
    }
    expect(readFacade(Tokenizer)).toMatchObject({
      name: 'Tokenizer',
      methods: [
        { method: 'apply', service: 'mesh.trust.apply', names: ['kind'], timeoutMs: 5_000, retries: 1 },
        { method: 'verify', service: 'mesh.trust.verify', timeoutMs: 50, retries: 1, idempotent: true },
      ],
    });
  });

  it('inherits what its base class declares, and may declare it anew', () => {
    @MeshFacade({ timeoutMs: 5_000 })
    class Base {
      @Mpi('mesh.base.one') one!: () => Promise<void>;
      @Mpi('mesh.base.two') two!: () => Promise<void>;
    }
    @MeshFacade()
    class Derived extends Base {
      @Mpi('mesh.derived.two') declare two: () => Promise<void>;
    }
    expect(readFacade(Derived).methods.map(({ service }) => service)).toEqual(['mesh.base.one', 'mesh.derived.two']);
    expect(readFacade(Base).methods.map(({ service }) => service)).toEqual(['mesh.base.one', 'mesh.base.two']);
  });
});

describe('a facade is refused', () => {
  it('without @MeshFacade', () => {
    class Plain {}
    expect(() => readFacade(Plain)).toThrow(refusal('Plain is no facade: mark the class with @MeshFacade()'));
  });

  it('without @Mpi', () => {
    @MeshFacade()
    class Empty {}
    expect(() => readFacade(Empty)).toThrow(
      refusal('the facade Empty declares no method: mark its properties with @Mpi()'),
    );
  });

  it('with a property or a method that is not mapped', () => {
    @MeshFacade()
    class Property {
      @Mpi('mesh.a.one') one!: () => Promise<void>;
      two!: () => Promise<void>;
    }
    @MeshFacade()
    class Method {
      @Mpi('mesh.a.one') one!: () => Promise<void>;
      two(): void {}
    }
    expect(() => readFacade(Property)).toThrow(refusal("the facade Property leaves 'two' without @Mpi()"));
    expect(() => readFacade(Method)).toThrow(refusal("the facade Method leaves 'two' without @Mpi()"));
  });

  it('with two methods of one service', () => {
    @MeshFacade()
    class Twice {
      @Mpi('mesh.a.one') one!: () => Promise<void>;
      @Mpi('mesh.a.one') two!: () => Promise<void>;
    }
    expect(() => readFacade(Twice)).toThrow(refusal("Twice.two and .one both claim the service 'mesh.a.one'"));
  });

  it('with a name that is none of a service', () => {
    for (const service of ['', 'one', 'a..b', 'a.b ', '.a.b', 'a.b.', 'a.ü', `a.${'b'.repeat(255)}`]) {
      expect(() => {
        class Named {
          @Mpi(service) one!: () => Promise<void>;
        }
        return Named;
      }).toThrow(
        expect.objectContaining({ message: expect.stringContaining(`Named.one: '${service}' is no service`) }),
      );
    }
  });

  it.each([
    ['attachments', "Named.one: an argument cannot be named 'attachments', the wire keeps that name for the context"],
    ['__proto__', "Named.one: an argument cannot be named '__proto__'"],
    ['', "Named.one: an argument cannot be named ''"],
  ])('with an argument named %j', (name, message) => {
    expect(() => {
      class Named {
        @Mpi('mesh.a.one', [name]) one!: (value: string) => Promise<void>;
      }
      return Named;
    }).toThrow(refusal(message));
  });

  it('with two arguments of one name', () => {
    expect(() => {
      class Named {
        @Mpi('mesh.a.one', ['a', 'a']) one!: (a: string, b: string) => Promise<void>;
      }
      return Named;
    }).toThrow(refusal("Named.one: two arguments are named 'a'"));
  });

  it('with options that are wrong, in a sentence that names them', () => {
    const declare = (options: object) => () => {
      @MeshFacade(options)
      class Tokenizer {}
      return Tokenizer;
    };
    expect(declare({ timeoutMs: 0 })).toThrow(
      refusal('Tokenizer.timeoutMs must be a whole number from 1 to 2147483647, got 0'),
    );
    expect(declare({ retries: -1 })).toThrow(refusal('Tokenizer.retries must be a whole number from 0 to 100, got -1'));
    expect(declare({ idempotent: 'yes' })).toThrow(refusal("Tokenizer.idempotent must be true or false, got 'yes'"));
    expect(declare({ timeout: 5 })).toThrow(
      refusal("unknown option 'Tokenizer.timeout' (did you mean 'timeoutMs'?); known: idempotent, retries, timeoutMs"),
    );
  });

  it('with options of a method that are wrong', () => {
    expect(() => {
      class Tokenizer {
        @Mpi('mesh.trust.apply', [], { timeoutMs: Number.NaN }) apply!: () => Promise<string>;
      }
      return Tokenizer;
    }).toThrow(refusal('Tokenizer.apply.timeoutMs must be a whole number from 1 to 2147483647, got NaN'));
  });
});
