import type { ResolvedRegistry } from '../../options/node-options.js';
import { formatAddress, type HostPort, parseAddress } from '../../options/parse-address.js';
import type { Registration } from '../../registry/registration.js';
import { writeRegistration } from '../../registry/write-registration.js';
import { type CallBounds, Enrolment } from './enrolment.js';
import { outgoingHost } from './outgoing-host.js';
import { type OwnApp, type OwnPlace, ownRegistration, type OwnService } from './own-registration.js';

/** What a {@link Registrar} works with. */
export interface RegistrarParts {
  readonly app: OwnApp;
  readonly options: ResolvedRegistry;
  /** What this application provides. */
  services(): readonly OwnService[];
  /** Calls a service of the node at an address. */
  call(
    service: string,
    args: Readonly<Record<string, unknown>>,
    at: CallBounds & { readonly address: string },
  ): Promise<unknown>;
}

/** Registers this application at nodes, at each of those of its options, for as long as it listens. */
export class Registrar {
  private enrolments: readonly Enrolment[] = [];

  constructor(private readonly parts: RegistrarParts) {}

  /**
   * Registers from now on.
   * @param bound what this application listens at: the address really bound
   */
  start(bound: OwnPlace): void {
    const { addresses, lifetimeMs } = this.parts.options;
    this.enrolments = addresses.map((node) => {
      const send = async (service: string, registration: Registration, bounds: CallBounds): Promise<void> => {
        await this.parts.call(service, { registration: writeRegistration(registration) }, { address: node, ...bounds });
      };
      return new Enrolment(node, lifetimeMs, {
        describe: () => this.describe(bound, node),
        put: (registration, bounds) => send('mesh.registry.put', registration, bounds),
        remove: (registration, bounds) => send('mesh.registry.remove', withoutContent(registration), bounds),
      });
    });
    for (const enrolment of this.enrolments) enrolment.start();
  }

  /** Takes the registrations back. Nothing happens when there are none, or when it is called again. */
  async stop(): Promise<void> {
    const left = this.enrolments;
    this.enrolments = [];
    await Promise.all(left.map((enrolment) => enrolment.stop()));
  }

  private async describe({ address, proto, codec }: OwnPlace, node: string): Promise<Registration> {
    const { app, options } = this.parts;
    const bound = parseAddress(address) ?? { host: address, port: 0 };
    const place = { address: await advertisedAddress(options.advertise, bound, node), proto, codec };
    return ownRegistration(app, this.parts.services(), place, options);
  }
}

/** Where others reach this application: as the options say; else where it is bound, if that is one address. */
async function advertisedAddress(said: HostPort, bound: HostPort, node: string): Promise<string> {
  const host = said.host || (isAnyHost(bound.host) ? await outgoingHost(node) : bound.host);
  return formatAddress({ host, port: said.port || bound.port });
}

function isAnyHost(host: string): boolean {
  return host === '0.0.0.0' || host === '::';
}

function withoutContent(registration: Registration): Registration {
  return { ...registration, services: [], references: [] };
}
