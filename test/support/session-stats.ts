import type { INestApplicationContext } from '@nestjs/common';
import { SESSION_STORE, type StoreStats } from 'nestjs-mesh/spi';
import { MeshRuntime } from '../../lib/mesh.runtime.js';

/** What an application holds in sessions now. */
export function sessionStatsOf(app: INestApplicationContext): StoreStats {
  return app.get(MeshRuntime).extensions.get(SESSION_STORE).stats();
}
