import type { CallCodecs } from './codec/call-codecs.js';
import type { ExtensionRegistry } from './kernel/extension-registry.js';
import { CalledServices } from './node/middleware/called-service.js';
import { MIDDLEWARE } from './node/middleware/middleware.js';
import { MiddlewareChain } from './node/middleware/middleware-chain.js';
import { StandardCalls } from './node/standard-calls.js';
import { readScope } from './node/middleware/scope.js';

/**
 * Joins the middleware found in the application to one chain.
 *
 * @param codecs those of RPC
 * @throws MeshError E0000000400 for a scope that is none; the message names the middleware
 */
export function joinMiddleware(extensions: ExtensionRegistry, codecs: CallCodecs): MiddlewareChain {
  const names = extensions.names(MIDDLEWARE);
  const members = extensions.all(MIDDLEWARE).map((middleware, index) => {
    const name = names[index]!;
    return { name, middleware, scope: readScope(name, middleware.scope) };
  });
  return new MiddlewareChain(members, new CalledServices(codecs), new StandardCalls(codecs));
}
