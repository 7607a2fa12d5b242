import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AbstractHttpAdapter } from '@nestjs/core';
import { MeshCode } from './errors/mesh-code.js';
import { MeshError } from './errors/mesh-error.js';
import type { ResolvedMeshOptions } from './options/mesh-options.js';
import { HttpMount } from './transport/port/http-mount.js';
import type { Acceptor } from './transport/transport.js';

/** What is needed of the adapter of an HTTP application, be it Express's or Fastify's. */
export type MountableAdapter = Pick<AbstractHttpAdapter, 'use'>;

/**
 * Puts a mesh before everything else that an HTTP application serves; before the body parsers, too, which would take the
 * bodies of its calls.
 *
 * @param adapter that of the application; `undefined` when it is no HTTP application
 * @throws MeshError E0000000400 when it is none
 */
export function mountMesh(
  { mount, limits }: ResolvedMeshOptions,
  adapter: MountableAdapter | undefined,
  acceptorOf: (serves: readonly string[]) => Acceptor,
): HttpMount | undefined {
  if (mount === false) return undefined;
  if (!adapter) {
    const message = 'the option mount needs an HTTP application, made with NestFactory.create()';
    throw new MeshError(MeshCode.INVALID_REQUEST, message);
  }
  const { prefix, serves } = mount;
  let found: Acceptor | undefined;
  // What is served is joined later than this.
  const acceptor: Acceptor = (path) => (found ??= acceptorOf(serves))(path);
  const mounted = new HttpMount({ acceptor, prefix, maxMessageBytes: limits.maxBodyBytes });
  adapter.use((request: IncomingMessage, response: ServerResponse, next: () => void) => {
    if (mounted.take(request, response) === 'passed') next();
  });
  return mounted;
}
