import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { Peer } from './peer.js';

/** Whether a program is found where the shell would look for it. */
export function isInstalled(program: string, path = process.env['PATH'] ?? ''): boolean {
  return path.split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** Why a peer cannot run here; `undefined` when it can. */
export function reasonToSkip({ program }: Peer): string | undefined {
  if (program === undefined || isInstalled(program)) return undefined;
  return `there is no ${program} in the PATH`;
}
