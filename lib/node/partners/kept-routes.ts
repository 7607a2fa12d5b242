import { MeshCode } from '../../errors/mesh-code.js';
import { MeshError } from '../../errors/mesh-error.js';
import { readTrustedJson } from '../../options/files/read-json.js';
import { isRecord } from '../../options/option-reader.js';
import type { KeptFile } from '../kept-file.js';
import type { PartnerRoute } from './partner-route.js';
import { readPlacedRoutes, type RouteCheck } from './placed-routes.js';
import { writeRouteToKeep } from './write-route.js';

/** Version of the form in which routes are kept. */
const VERSION = 1;

/** Name of the file, within the folder of the node's data. */
export const KEPT_ROUTES_FILE = 'partners.json';

/** The routes that administration names, in a file that outlives the process. */
export class KeptRoutes {
  constructor(private readonly file: KeptFile) {}

  /**
   * What was kept; nothing when there is no file yet.
   *
   * @throws MeshError E0000000400 when it cannot be read, with the file, the line, and one sentence for each mistake in its details
   */
  read(check: RouteCheck<PartnerRoute>): readonly PartnerRoute[] {
    const text = this.file.read();
    if (text === undefined) return [];
    const content = readTrustedJson(this.file.path, text);
    if ('problems' in content) throw refused(content.problems);
    const { value, locate } = content;
    const { version, partners } = isRecord(value) ? value : {};
    if (version !== VERSION) {
      throw refused([`${locate(['version'])}: version must be ${VERSION}, or another release has written the file`]);
    }
    if (!Array.isArray(partners)) throw refused([`${locate(['partners'])}: partners must be a list of routes`]);
    const read = readPlacedRoutes({ items: partners, path: ['partners'], locate }, { route: check });
    if ('problems' in read) throw refused(read.problems);
    return read.routes;
  }

  /** Keeps these, in the place of all before. @throws MeshError E0000000500 when they cannot be written */
  write(routes: readonly PartnerRoute[]): Promise<void> {
    const partners = routes.map(writeRouteToKeep);
    return this.file.write(`${JSON.stringify({ version: VERSION, partners }, undefined, 2)}\n`);
  }
}

function refused(problems: readonly string[]): MeshError {
  return new MeshError(MeshCode.INVALID_REQUEST, problems.join('; '), { details: problems });
}
