import type { AsyncMicroserviceOptions } from '@nestjs/microservices';
import type { MeshServer } from './mesh-server.js';
import { getMeshServerToken } from './tokens.js';

/**
 * The options that make Nest listen on a mesh, for `NestFactory.createMicroservice` and `app.connectMicroservice`.
 *
 * @param mesh name of the mesh, in an application with several
 *
 * @example
 * const app = await NestFactory.createMicroservice(AppModule, meshMicroservice());
 * await app.listen();
 */
export function meshMicroservice(mesh?: string): AsyncMicroserviceOptions {
  return { inject: [getMeshServerToken(mesh)], useFactory: (strategy: MeshServer) => ({ strategy }) };
}
