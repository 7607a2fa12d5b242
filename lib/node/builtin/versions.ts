import { readFileSync } from 'node:fs';

/** What `builtin.version` answers, in the shape in which the SDKs read it. */
export interface Versions {
  /** Version of the application. */
  readonly version: string;
  /** More of it, under names that begin with the application's. */
  readonly infos: Readonly<Record<string, string>>;
}

/** Who tells its version. */
export interface VersionedApp {
  readonly name: string;
  readonly version: string;
  readonly nodeId: string;
  readonly instId: string;
}

/** The versions of an application, of this package and of what both run on. */
export function versionsOf({ name, version, nodeId, instId }: VersionedApp): Versions {
  const infos = {
    version,
    os: process.platform,
    arch: process.arch,
    node_id: nodeId,
    inst_id: instId,
    runtime: `node ${process.versions.node}`,
    sdk: ['nestjs-mesh', ...packageVersion()].join(' '),
  };
  const named = Object.entries(infos).map(([key, value]) => [`${name}.${key}`, value] as const);
  return { version, infos: Object.fromEntries(named) };
}

/**
 * The manifest lies as far above this file in the sources as in what is published. An application that was bundled into one file has
 * none.
 */
function packageVersion(): readonly string[] {
  try {
    const manifest: unknown = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8'));
    return [(manifest as { readonly version: string }).version];
  } catch {
    return [];
  }
}
