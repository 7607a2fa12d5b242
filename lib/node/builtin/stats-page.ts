import { MeshCode } from '../../errors/mesh-code.js';
import { MeshError } from '../../errors/mesh-error.js';
import type { CallHandler } from '../../transport/transport.js';
import type { Stats } from './stats.js';

/** Path of the figures over HTTP. */
export const STATS_PATH = '/stats';

/** Serves the figures over HTTP, as JSON. */
export function statsPage(stats: Stats): CallHandler {
  return async ({ wire, method, path }) => {
    if (wire !== 'http') throw new MeshError(MeshCode.NO_SERVICE, `'${path}' is served over HTTP only`);
    if (method !== 'GET' && method !== 'HEAD') {
      throw new MeshError(MeshCode.NOT_PERMITTED, `'${path}' is asked for by GET, not by ${method.slice(0, 20)}`);
    }
    const body = Buffer.from(`${JSON.stringify(stats.figures(), undefined, 2)}\n`);
    return { body, contentType: 'application/json', headers: { 'cache-control': 'no-store' } };
  };
}
