import {
  MeshContext,
  type MeshError,
  MeshFacade,
  type MeshOptions,
  MeshProvider,
  MeshRegistrations,
  type MeshService,
  Mpi,
} from 'nestjs-mesh';
import { formatUrn } from '../../lib/protocol/urn.js';
import type { Registration } from '../../lib/registry/registration.js';
import { eventually } from './eventually.js';
import { startApp, type TestApp, type TestAppParts } from './mesh-app.js';
import { registrationOf } from './registration-fixtures.js';

/** The service that tests call through nodes. */
export const SERVICE = 'mesh.trust.apply';

/** The URN of a service, by default of the default node. */
export function urnOf(name = SERVICE, nodeId = 'LX0000000000000', at?: { address: string; port: number }): string {
  return formatUrn({ name, nodeId, ...(at && { flag: at }) });
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

/** What an answer says. */
export interface Said {
  readonly code: string;
  readonly message: string;
  readonly content?: unknown;
}

/** Reads an answer. */
export function said(answer: Uint8Array): Said {
  return JSON.parse(Buffer.from(answer).toString()) as Said;
}

/** What is called through nodes. */
@MeshFacade()
export class Trust {
  @Mpi(SERVICE, ['text']) apply!: (text: string) => Promise<string>;
  @Mpi('mesh.trust.wait') wait!: () => Promise<void>;
}

/** A provider that notes the contexts of its calls, and what becomes of those that wait until they are given up. */
export interface TrustProvider {
  readonly parts: TestAppParts;
  readonly contexts: MeshContext[];
  readonly events: string[];
}

/** Makes a {@link TrustProvider}. */
export function trustProvider(): TrustProvider {
  const contexts: MeshContext[] = [];
  const events: string[] = [];

  @MeshProvider(Trust)
  class TrustController implements MeshService<Trust> {
    apply(text: string): string {
      contexts.push(MeshContext.current()!);
      return `applied ${text}`;
    }
    wait(): Promise<void> {
      const context = MeshContext.current()!;
      contexts.push(context);
      events.push('begun');
      return new Promise((_, reject) => {
        context.signal.addEventListener('abort', () => {
          const reason = context.signal.reason as MeshError;
          events.push(reason.code);
          reject(reason);
        });
      });
    }
  }
  return { parts: { controllers: [TrustController] }, contexts, events };
}

/** Starts a node at which a provider is registered. */
export async function startNodeWith(provider: TrustProvider, options: MeshOptions = {}): Promise<TestApp> {
  const node = await startNode(options);
  await startApp({ ...provider.parts, options: { registry: { address: node.address } } });
  const registrations = node.app.get(MeshRegistrations);
  await eventually('the provider is registered', () => registrations.providers(SERVICE).length > 0);
  return node;
}

/** Starts a node that applications register with. */
export function startNode(options: MeshOptions = {}): Promise<TestApp> {
  return startApp({ options: { node: {}, listen: { host: '127.0.0.1', port: 0, side: 'inner' }, ...options } });
}
