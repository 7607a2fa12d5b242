import {
  readKindAsked,
  readRegistration,
  readRegistrationKey,
  readRegistrations,
} from '../../registry/read-registration.js';
import type { Registration } from '../../registry/registration.js';
import type { Registrations } from '../../registry/registrations.js';
import { writeRegistration } from '../../registry/write-registration.js';

/** A service of the registry, as it is called by RPC. */
export interface RegistryService {
  /** Its name, such as `mesh.registry.put`. */
  readonly service: string;
  /** Serves a call. What it throws becomes the answer. */
  invoke(args: Readonly<Record<string, unknown>>): Promise<unknown>;
}

/**
 * The services by which instances register, with the arguments that the SDKs send (standard, registry): `put` and `puts` take
 * registrations, or renew them; `remove` takes one back; `export` answers with all of a kind, or of every kind; `services` with
 * those that provide a service.
 */
export function registryServices(registrations: Registrations): readonly RegistryService[] {
  return [
    {
      service: 'mesh.registry.put',
      invoke: ({ registration }) => registrations.put(readRegistration(registration)),
    },
    {
      service: 'mesh.registry.puts',
      invoke: ({ registrations: several }) => registrations.puts(readRegistrations(several)),
    },
    {
      service: 'mesh.registry.remove',
      invoke: async ({ registration }) => {
        await registrations.remove(readRegistrationKey(registration));
      },
    },
    {
      service: 'mesh.registry.export',
      invoke: async ({ kind }) => (await registrations.export(readKindAsked(kind))).map(writeRegistration),
    },
    {
      service: 'mesh.registry.services',
      invoke: async ({ service }) => providersOf(registrations, String(service ?? '')).map(writeRegistration),
    },
  ];
}

function providersOf(registrations: Registrations, service: string): readonly Registration[] {
  return [...new Set(registrations.providers(service).map(({ registration }) => registration))];
}
