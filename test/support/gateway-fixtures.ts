import { MeshRegistrations } from 'nestjs-mesh';
import { MeshCode } from '../../lib/errors/mesh-code.js';
import { failureEnvelope } from '../../lib/protocol/envelope.js';
import { formatUrn } from '../../lib/protocol/urn.js';
import type { Registration } from '../../lib/registry/registration.js';
import type { TestApp } from './mesh-app.js';
import { registrationOf } from './registration-fixtures.js';

/** The service that tests call through nodes. */
export const SERVICE = 'mesh.trust.apply';

/** The URN of a service, by default of the default node. */
export function urnOf(name = SERVICE, nodeId = 'LX0000000000000', flag?: { address: string; port: number }): string {
  return formatUrn({ name, nodeId, ...(flag && { flag }) });
}

/** Registers an instance at a node. */
export async function register(
  { app }: TestApp,
  address: string,
  said: Partial<Registration> = {},
  services: readonly string[] = [SERVICE],
): Promise<void> {
  await app.get(MeshRegistrations).put(registrationOf(address, services, said));
}

/** Code of an answer's envelope. */
export function codeOf(body: Uint8Array): string {
  return (JSON.parse(Buffer.from(body).toString()) as ReturnType<typeof failureEnvelope>).code;
}

export { MeshCode };
