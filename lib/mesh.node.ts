import { join } from 'node:path';
import { Logger } from '@nestjs/common';
import { CODEC } from './codec/codec.js';
import { fieldFormats } from './codec/formats.js';
import { toMeshError } from './errors/from-unknown.js';
import { MeshCode } from './errors/mesh-code.js';
import { MeshError } from './errors/mesh-error.js';
import type { ExtensionRegistry } from './kernel/extension-registry.js';
import { KeptFile } from './node/kept-file.js';
import { KEPT_ROUTES_FILE, KeptRoutes } from './node/partners/kept-routes.js';
import { Partner } from './node/partners/partner.js';
import { NO_DETAILS, type PartnerRoute } from './node/partners/partner-route.js';
import { PartnerTable } from './node/partners/partner-table.js';
import type { Partners } from './node/partners/partners.js';
import type { RouteCheck } from './node/partners/placed-routes.js';
import { readRoutesFile } from './node/partners/routes-file.js';
import { FileWatch } from './options/files/file-watch.js';
import type { ResolvedMeshOptions } from './options/mesh-options.js';
import { DIALECT } from './protocol/dialect.js';

/** The partners of one mesh, put together. */
export interface JoinedPartners {
  readonly partners: Partners;
  /** Watches no file any more, and waits until what was put is kept. */
  close(): Promise<void>;
}

/**
 * Joins the partners of the options, of a file and of administration. What changes in the file takes effect from now on.
 *
 * @throws MeshError E0000000404, E0000000616 or E0000000400 when a partner's dialect or content type is not there, or the one
 * does not go with the other, and when a file cannot be read; the message names the option, or the file and the line
 */
export function joinPartners(extensions: ExtensionRegistry, options: ResolvedMeshOptions): JoinedPartners {
  const { nodeId, node } = options;
  const formats = fieldFormats(extensions.all(CODEC));
  const kept =
    node && node.dataDir !== '' ? new KeptRoutes(new KeptFile(join(node.dataDir, KEPT_ROUTES_FILE))) : undefined;
  const table: PartnerTable = new PartnerTable({
    ownNodeId: nodeId,
    partner: (route) => new Partner(route, extensions.get(DIALECT, route.dialect), formats),
    ...(kept && { keep: (routes: readonly PartnerRoute[]) => kept.write(routes) }),
  });
  table.lay('options', optionRoutes(options, table));
  if (kept) table.lay('administration', kept.read(checkBy(table)));
  const watch = node && node.routes.file !== '' ? followFile(node.routes, options, table) : undefined;
  return {
    partners: table,
    close: async () => {
      watch?.close();
      await table.settled();
    },
  };
}

function optionRoutes({ partners }: ResolvedMeshOptions, table: PartnerTable): readonly PartnerRoute[] {
  return partners.map((partner, index) => {
    const route: PartnerRoute = { ...partner, origin: 'options', details: NO_DETAILS };
    try {
      table.check(route);
      return route;
    } catch (error) {
      const { code, message } = toMeshError(error);
      throw new MeshError(code, `partners[${index}]: ${message}`, { cause: error });
    }
  });
}

function followFile(
  { file, watch }: { readonly file: string; readonly watch: boolean },
  { partners }: ResolvedMeshOptions,
  table: PartnerTable,
): FileWatch | undefined {
  const logger = new Logger('MeshPartners');
  const known = new Set(partners.map(({ nodeId }) => nodeId.toLowerCase()));
  const check: RouteCheck<PartnerRoute> = (route, name) =>
    known.has(route.nodeId.toLowerCase())
      ? [`${name}.nodeId: the option 'partners' is about the node '${route.nodeId}', too`]
      : checkBy(table)(route, name);
  const read = (): void => {
    const found = readRoutesFile(file, check);
    if ('problems' in found) {
      throw new MeshError(MeshCode.INVALID_REQUEST, found.problems.join('; '), { details: found.problems });
    }
    table.lay('file', found.routes);
  };
  const watching = watch
    ? new FileWatch(file, () => {
        try {
          read();
          logger.log(`the partners of ${file} have changed`);
        } catch (error) {
          logger.error(`the partners of ${file} stay as they were: ${toMeshError(error).message}`);
        }
      })
    : undefined;
  try {
    read();
    return watching;
  } catch (error) {
    watching?.close();
    throw error;
  }
}

function checkBy(table: PartnerTable): RouteCheck<PartnerRoute> {
  return (route, name) => {
    try {
      table.check(route);
      return [];
    } catch (error) {
      return [`${name}: ${toMeshError(error).message}`];
    }
  };
}
