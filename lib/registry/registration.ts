/** What registers: `metadata` an application with its services, `complex` paths of HTTP; `proxy` and `server` as SDKs say. */
export type RegistrationKind = 'metadata' | 'proxy' | 'server' | 'complex';

/** Every {@link RegistrationKind}. */
export const REGISTRATION_KINDS: readonly RegistrationKind[] = ['metadata', 'proxy', 'server', 'complex'];

/** A service that an instance calls (standard, registration). What nobody said is empty, or 0. */
export interface RegisteredReference {
  readonly urn: string;
  readonly namespace: string;
  readonly name: string;
  readonly version: string;
  /** `grpc`, `http`, `tcp`, `mqtt`. */
  readonly proto: string;
  /** `json`, `protobuf`, … */
  readonly codec: string;
  readonly flags: number;
  /** Deadline, in ms. */
  readonly timeout: number;
  readonly retries: number;
  readonly node: string;
  readonly inst: string;
  readonly zone: string;
  readonly cluster: string;
  readonly cell: string;
  readonly group: string;
  readonly address: string;
}

/** A service that an instance provides (standard, registration). */
export interface RegisteredService extends RegisteredReference {
  /** `MPS`, `Binding`, `Restful`, … */
  readonly kind: string;
  /** Language that it is written in. */
  readonly lang: string;
  readonly attrs: Readonly<Record<string, string>>;
}

/** What an instance says of itself (standard, registration). */
export interface Registration {
  /** Which instance; with the kind, what makes two registrations the same. */
  readonly instanceId: string;
  /** Name of the application; empty when it says none. */
  readonly name: string;
  readonly kind: RegistrationKind;
  /** Where it is reached, `host:port`. */
  readonly address: string;
  /** How long this holds without being renewed, in ms. `timestamp` on the wire. */
  readonly lifetimeMs: number;
  readonly attachments: Readonly<Record<string, string>>;
  readonly services: readonly RegisteredService[];
  readonly references: readonly RegisteredReference[];
}

/** Which registration: that of an instance of one kind, or all of the instance. */
export interface RegistrationKey {
  readonly instanceId: string;
  readonly kind?: RegistrationKind | undefined;
}

/** Lifetime of a registration that says none, in ms: as long as that of the SDKs. */
export const DEFAULT_LIFETIME_MS = 30_000;

/** Longest lifetime that a registration may say, in ms: one day. What is longer is a date, or a mistake. */
export const MAX_LIFETIME_MS = 86_400_000;

/** Most services of one registration, and most references. */
export const MAX_SERVICES = 2_048;

/** Most of one registration, in characters of its texts, and 64 for each service and reference. */
export const MAX_REGISTRATION_SIZE = 524_288;

/** Size of a registration, in characters of its texts, and 64 for each service and reference. */
export function sizeOf({ instanceId, name, address, attachments, services, references }: Registration): number {
  let size = instanceId.length + name.length + address.length + sizeOfMap(attachments);
  for (const service of services) size += sizeOfReference(service) + sizeOfMap(service.attrs);
  for (const reference of references) size += sizeOfReference(reference);
  return size;
}

function sizeOfReference(reference: RegisteredReference): number {
  let size = 64;
  for (const name in reference) {
    const value = reference[name as keyof RegisteredReference];
    if (typeof value === 'string') size += value.length;
  }
  return size;
}

function sizeOfMap(map: Readonly<Record<string, string>>): number {
  let size = 0;
  for (const name in map) size += name.length + map[name]!.length;
  return size;
}
