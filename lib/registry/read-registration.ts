import { MeshCode } from '../errors/mesh-code.js';
import { MeshError } from '../errors/mesh-error.js';
import { completeAddress } from '../options/parse-address.js';
import { refusal, WireFields } from '../protocol/wire-fields.js';
import {
  DEFAULT_LIFETIME_MS,
  MAX_LIFETIME_MS,
  MAX_REGISTRATION_SIZE,
  MAX_SERVICES,
  type RegisteredReference,
  type RegisteredService,
  type Registration,
  REGISTRATION_KINDS,
  type RegistrationKey,
  type RegistrationKind,
  sizeOf,
} from './registration.js';

/**
 * Reads a registration as it came (standard, registration): in snake_case or camelCase, what is missing empty. The kind is
 * `metadata` unless it says another, and the instance's id its address. The blocking generation of the reference SDK lists its
 * services as references, and its references as services; that is put right.
 *
 * @param path what errors call it
 * @throws MeshError E0000000400 that says what is wrong, and where; E0000000413 when it is too large
 */
export function readRegistration(value: unknown, path = 'registration'): Registration {
  const fields = new WireFields(path, value);
  const kind = readKind(fields) ?? 'metadata';
  const { services, references } = readContent(fields, path);
  const registration = {
    instanceId: readInstanceId(fields),
    name: fields.text('name'),
    kind,
    address: readAddress(fields, services),
    lifetimeMs: readLifetime(fields),
    attachments: fields.map('attachments'),
    services,
    references,
  };
  const size = sizeOf(registration);
  if (size <= MAX_REGISTRATION_SIZE) return registration;
  const message = `${path} takes ${size} characters, more than the ${MAX_REGISTRATION_SIZE} that one may take`;
  throw new MeshError(MeshCode.MESSAGE_TOO_LONG, message);
}

/**
 * Reads several registrations.
 * @throws MeshError as {@link readRegistration} does; the message names the place of the wrong one
 */
export function readRegistrations(value: unknown, path = 'registrations'): readonly Registration[] {
  if (!Array.isArray(value)) throw refusal(path, 'an array', value);
  return value.map((one: unknown, index) => readRegistration(one, `${path}[${index}]`));
}

/**
 * Reads which registration is meant, out of a whole one or of its id alone; without a kind, all of the instance.
 * @throws MeshError E0000000400 when it names no instance
 */
export function readRegistrationKey(value: unknown, path = 'registration'): RegistrationKey {
  const fields = new WireFields(path, value);
  return { instanceId: readInstanceId(fields), kind: readKind(fields) };
}

/**
 * Reads which kind of registrations is asked for: `undefined` for every one, when nothing, or `*`, is said.
 * @throws MeshError E0000000400 for a kind that there is not
 */
export function readKindAsked(value: unknown): RegistrationKind | undefined {
  return value === '*' ? undefined : readKind(new WireFields('the arguments', { kind: value }));
}

function readKind(fields: WireFields): RegistrationKind | undefined {
  const text = fields.text('kind');
  if (text === '') return undefined;
  const kind = REGISTRATION_KINDS.find((known) => known === text.toLowerCase());
  if (kind) return kind;
  throw fields.refuse('kind', `one of ${REGISTRATION_KINDS.join(', ')}`, text);
}

function readInstanceId(fields: WireFields): string {
  const id = fields.text('instance_id') || fields.text('address');
  if (id !== '') return id;
  throw fields.refuse('instance_id', 'the id of an instance', '');
}

/** Where it is reached: where it says, else where its first service is, else what its id says. */
function readAddress(fields: WireFields, services: readonly RegisteredService[]): string {
  const said = fields.text('address') || services[0]?.address || fields.text('instance_id');
  const address = completeAddress(said);
  if (address !== undefined) return address;
  throw fields.refuse('address', 'host:port, such as 10.0.0.7:7304', said);
}

function readLifetime(fields: WireFields): number {
  const lifetimeMs = fields.count('timestamp');
  if (lifetimeMs <= MAX_LIFETIME_MS) return lifetimeMs === 0 ? DEFAULT_LIFETIME_MS : lifetimeMs;
  throw fields.refuse('timestamp', `a lifetime of at most ${MAX_LIFETIME_MS} ms (it is no date)`, lifetimeMs);
}

function readContent(fields: WireFields, path: string): Pick<Registration, 'services' | 'references'> {
  const value = fields.raw('content');
  if (value === undefined) return { services: [], references: [] };
  const content = new WireFields(`${path}.content`, Array.isArray(value) ? { services: value } : value);
  const services = content.list('services', MAX_SERVICES);
  const references = content.list('references', MAX_SERVICES);
  // A reference has no language; a list that says one is a list of services.
  const swapped = references.some((one) => one.text('lang') !== '' && one.text('kind') !== '');
  return {
    services: (swapped ? references : services).map(readService),
    references: (swapped ? services : references).map(readReference),
  };
}

/** All fields in one literal: with those of a reference spread into it, a service takes twice the memory. */
function readService(fields: WireFields): RegisteredService {
  return {
    urn: fields.text('urn'),
    namespace: fields.text('namespace'),
    name: fields.text('name'),
    version: fields.text('version'),
    proto: fields.text('proto').toLowerCase(),
    codec: fields.text('codec').toLowerCase(),
    flags: fields.count('flags'),
    timeout: fields.count('timeout'),
    retries: fields.count('retries'),
    node: fields.text('node'),
    inst: fields.text('inst'),
    zone: fields.text('zone'),
    cluster: fields.text('cluster'),
    cell: fields.text('cell'),
    group: fields.text('group'),
    address: fields.text('address'),
    kind: fields.text('kind'),
    lang: fields.text('lang'),
    attrs: fields.map('attrs'),
  };
}

function readReference(fields: WireFields): RegisteredReference {
  return {
    urn: fields.text('urn'),
    namespace: fields.text('namespace'),
    name: fields.text('name'),
    version: fields.text('version'),
    proto: fields.text('proto').toLowerCase(),
    codec: fields.text('codec').toLowerCase(),
    flags: fields.count('flags'),
    timeout: fields.count('timeout'),
    retries: fields.count('retries'),
    node: fields.text('node'),
    inst: fields.text('inst'),
    zone: fields.text('zone'),
    cluster: fields.text('cluster'),
    cell: fields.text('cell'),
    group: fields.text('group'),
    address: fields.text('address'),
  };
}
