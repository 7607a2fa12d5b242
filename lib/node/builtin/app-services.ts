import type { ResolvedBuiltinOptions } from '../../options/builtin-options.js';
import { type BuiltinService, mapArgument, textArgument, textsArgument } from './builtin-service.js';
import { admitToDebug, debug } from './debug.js';
import type { Documents } from './doc/documents.js';
import type { Environ } from './environ.js';
import type { Stats } from './stats.js';
import { type VersionedApp, versionsOf } from './versions.js';

/** What an application tells of itself by RPC. */
export interface AppServiceParts {
  readonly app: VersionedApp;
  readonly served: ResolvedBuiltinOptions;
  readonly documents: Documents;
  readonly stats: Stats;
  /** Describes the node that the application belongs to. */
  environ(): Environ;
}

/** The place of the application's name in the name of a service; callers send either. */
const NAME = '${mesh.name}';

/** Name of the service by which a node describes itself. */
export const ENVIRON_SERVICE = 'mesh.net.environ';

/** The built-in services of an application that are called by RPC, under each of their names. */
export function appServices({ app, served, documents, stats, environ }: AppServiceParts): readonly BuiltinService[] {
  const versions = once(() => versionsOf(app));
  const own: readonly (BuiltinService & { readonly on: boolean })[] = [
    {
      service: 'doc',
      on: served.doc,
      invoke: (args) => documents.render(textArgument(args, 'name'), textArgument(args, 'formatter')),
    },
    { service: 'version', on: served.version, invoke: versions },
    {
      service: 'debug',
      on: true,
      invoke: (args, call) => {
        admitToDebug(call, { nodeId: app.nodeId, debug: served.debug });
        return debug(mapArgument(args, 'features'));
      },
    },
    { service: 'stats', on: served.stats, invoke: (args) => stats.flat(textsArgument(args, 'features')) },
  ];
  const named = [NAME, app.name].flatMap((name) =>
    own.filter(({ on }) => on).map(({ service, invoke }) => ({ service: `${name}.builtin.${service}`, invoke })),
  );
  return served.environ ? [...named, { service: ENVIRON_SERVICE, invoke: environ }] : named;
}

/** Makes a value when it is first asked for. */
function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}
