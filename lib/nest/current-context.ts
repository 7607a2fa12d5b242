import { BaseRpcContext } from '@nestjs/microservices';
import { MeshCode } from '../errors/mesh-code.js';
import { MeshError } from '../errors/mesh-error.js';
import { MeshContext } from '../context/mesh-context.js';

const FIELDS = 'traceId spanId urn service runMode source target attachments deadline cancellation'.split(' ');

const KEYS: ReadonlySet<PropertyKey> = new Set([
  ...FIELDS,
  ...Object.getOwnPropertyNames(MeshContext.prototype),
  ...Object.getOwnPropertyNames(BaseRpcContext.prototype),
]);

/**
 * What is injected for `MeshContext`: always the context of the call under way. Reading it outside of any call throws a
 * `MeshError` E0000000400.
 */
export function currentContextView(): MeshContext {
  return new Proxy(Object.create(MeshContext.prototype) as MeshContext, {
    get(view, key) {
      if (key === 'constructor' || !KEYS.has(key)) return Reflect.get(view, key) as unknown;
      const current = MeshContext.current();
      if (!current) {
        const message = `MeshContext.${String(key)} was read outside of a call; use MeshContext.current() where there may be none`;
        throw new MeshError(MeshCode.INVALID_REQUEST, message);
      }
      const value: unknown = Reflect.get(current, key, current);
      return typeof value === 'function' ? (value.bind(current) as unknown) : value;
    },
  });
}
