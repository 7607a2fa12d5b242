import { CODEC } from './codec/codec.js';
import type { ExtensionRegistry } from './kernel/extension-registry.js';
import { jsonCodec } from './mesh.codecs.js';
import type { OperatorGate } from './node/administration/operator-gate.js';
import type { OwnPlace } from './node/registry/own-registration.js';
import { Registrar } from './node/registry/registrar.js';
import { RegisterEndpoint } from './node/registry/register-endpoint.js';
import { registryServices } from './node/registry/registry-services.js';
import type { ResolvedMeshOptions } from './options/mesh-options.js';
import { REGISTRATIONS, type Registrations } from './registry/registrations.js';
import { MeshClient } from './rpc/consumer/mesh-client.js';
import type { MeshInvoker } from './rpc/consumer/invoker.js';
import type { ProviderService } from './rpc/provider/provider-service.js';
import type { ServiceTable } from './rpc/provider/service-table.js';
import { type Acceptor, type Listener, TRANSPORT } from './transport/transport.js';

/** What registers, and is registered, is made of. */
export interface RegistryParts {
  readonly options: ResolvedMeshOptions;
  readonly extensions: ExtensionRegistry;
  readonly services: ServiceTable;
  /** Tells who may register at the outer side. */
  readonly gate: OperatorGate;
  /** Makes the calls to the nodes that this application registers at. */
  invoker(): MeshInvoker;
}

/** The registry of one mesh, if it is a node, and its own registration at others. */
export interface JoinedRegistry {
  readonly registrations: Registrations;
  /** Finds what serves the paths of the registry. */
  readonly accept: Acceptor;
  /** Whether a call that this process makes is answered by its own registry. */
  answers(service: string): boolean;
  /** The application listens: nodes are told. */
  arrive(listeners: readonly Listener[]): void;
  /** The application is about to close: nodes are told. */
  depart(): Promise<void>;
  /** Forgets what is registered. */
  close(): Promise<void>;
}

/** Joins what keeps registrations to what serves them, and adds the services of the registry to those of the application. */
export function joinRegistry({ options, extensions, services, gate, invoker }: RegistryParts): JoinedRegistry {
  const registrations = extensions.get(REGISTRATIONS);
  const endpoint = new RegisterEndpoint(registrations, jsonCodec(extensions), gate);
  const served = options.node ? registryServices(registrations) : [];
  for (const { service, invoke } of served) {
    services.addFallback({
      service,
      provider: 'the registry of this node',
      wire: undefined,
      timeoutMs: undefined,
      area: 'administration',
      invoke: async (args, { attachments }, head) => {
        gate.admitToRegistry({ head, attachments });
        return invoke(args);
      },
    });
  }
  const client = new MeshClient(invoker, options);
  const call: MeshClient['call'] = (service, args, at) => client.call(service, args, at);
  const registrar =
    options.registry &&
    new Registrar({ app: options, options: options.registry, services: () => ownServices(options, services), call });
  return {
    registrations,
    accept: options.node ? endpoint.accept : () => undefined,
    answers: (service) => served.some((one) => one.service === service),
    arrive: (listeners) => registrar?.start(placeOf(options, extensions, listeners)),
    depart: async () => registrar?.stop(),
    close: async () => {
      await registrar?.stop();
      await registrations.close();
    },
  };
}

/** What the application provides, and what every application has; not what it serves as a node. */
function ownServices({ name }: ResolvedMeshOptions, services: ServiceTable): readonly ProviderService[] {
  return services.listAll().filter(({ area, service }) => !area || service.startsWith(`${name}.builtin.`));
}

/** Where the application is to be reached: at its inner side, if it has one. */
function placeOf(
  { listeners: options }: ResolvedMeshOptions,
  extensions: ExtensionRegistry,
  listeners: readonly Listener[],
): OwnPlace {
  const names = options.flatMap(({ side, transports }) =>
    (transports ?? [undefined]).map((transport) => ({ side, transport })),
  );
  const inner = Math.max(
    0,
    names.findIndex(({ side }) => side === 'inner'),
  );
  const { proto } = extensions.get(TRANSPORT, names[inner]?.transport);
  return { address: listeners[inner]?.address ?? '', proto, codec: extensions.get(CODEC).format };
}
