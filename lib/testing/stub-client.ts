import type { Type } from '@nestjs/common';
import { isObservable, lastValueFrom } from 'rxjs';
import { MeshCode } from '../errors/mesh-code.js';
import { MeshError } from '../errors/mesh-error.js';
import { CallSite } from '../rpc/consumer/call-site.js';
import { createFacadeClient } from '../rpc/consumer/facade-client.js';
import { type MpiDefinition, readFacade } from '../rpc/facade/facade.js';
import type { MeshService } from '../rpc/facade/facade-types.js';

/**
 * A client of a facade that calls an object instead of the mesh, for `overrideProvider` in unit tests. Unlike a plain stub it
 * can be directed: `direct` and `directMany` call the same object.
 *
 * @param facade a class marked with `@MeshFacade`
 * @param implementation the methods that the test needs; the others fail with E0000000617
 *
 * @example
 * Test.createTestingModule({ … }).overrideProvider(Tokenizer).useValue(stubClient(Tokenizer, { verify: () => true }));
 */
export function stubClient<T extends object>(facade: Type<T>, implementation: Partial<MeshService<T>>): T {
  const definitions = new Map<CallSite, MpiDefinition>();
  for (const definition of readFacade(facade).methods) {
    definitions.set(new CallSite(definition.service, '', definition), definition);
  }
  return createFacadeClient<T>({
    facade,
    methods: [...definitions].map(([site, definition]) => ({ site, definition })),
    options: {},
    invoke: async (site, args) => {
      const definition = definitions.get(site)!;
      const result: unknown = methodOf(implementation, definition)(...valuesOf(definition, args));
      return isObservable(result) ? lastValueFrom(result) : result;
    },
  });
}

function methodOf(implementation: object, { method, service }: MpiDefinition): (...values: unknown[]) => unknown {
  const found: unknown = Reflect.get(implementation, method);
  if (typeof found === 'function') return (...values) => found.apply(implementation, values) as unknown;
  throw new MeshError(MeshCode.NO_SERVICE, `the stub has no method '${method}' for '${service}'`);
}

function valuesOf({ names }: MpiDefinition, args: Readonly<Record<string, unknown>>): unknown[] {
  return names ? names.map((name) => args[name]) : [args];
}
