import 'reflect-metadata';
import { decodeJson } from '../../../lib/codec/json/decode-json.js';
import { encodeJson } from '../../../lib/codec/json/encode-json.js';
import { resolveMeshOptions } from '../../../lib/options/resolve-options.js';
import { MemoryRegistrations } from '../../../lib/registry/memory/memory-registrations.js';
import { MeshRegistrations } from '../../../lib/registry/mesh-registrations.js';
import { readRegistration } from '../../../lib/registry/read-registration.js';
import { RegisteredRegistry } from '../../../lib/registry/registered/registered-registry.js';
import { StaticRegistry } from '../../../lib/registry/static/static-registry.js';
import { writeRegistration } from '../../../lib/registry/write-registration.js';
import { registrationOf, serviceOf } from '../../support/registration-fixtures.js';
import { hurried, memoryInUse, rates, rounded, table, type Work } from './rate.js';

const INSTANCES = hurried ? [1, 100] : [1, 1_000, 10_000];
const SERVICES = Array.from({ length: 20 }, (_, i) => `mesh.trust.service${i}`);
const BATCH = 100;
const DEPTH = 64;

/** What an instance sends, as it stands on the wire. */
function sent(instance: number): Uint8Array {
  const address = `10.${instance >> 16}.${(instance >> 8) & 255}.${instance & 255}:7304`;
  return encodeJson(writeRegistration(registrationOf(address, SERVICES)));
}

/** Works through the instances in turn. */
function inTurn(instances: number, operate: (instance: number) => unknown): Work {
  let next = 0;
  return async (operations) => {
    for (let i = 0; i < operations; i++) {
      await operate(next);
      next = next + 1 < instances ? next + 1 : 0;
    }
  };
}

async function measure(instances: number): Promise<readonly string[]> {
  const options = resolveMeshOptions({ node: { registry: { maxRegistrations: 20_000 } } }, {});
  const registrations = new MemoryRegistrations(options);
  const used = new MeshRegistrations(() => registrations);
  const registry = new RegisteredRegistry(options, used, new StaticRegistry(options));
  const renew = (instance: number): Promise<void> =>
    registrations.put(readRegistration(decodeJson(sent(instance), DEPTH)));
  const before = await memoryInUse();
  for (let instance = 0; instance < instances; instance++) await renew(instance);
  const bytes = ((await memoryInUse()) - before) / instances;
  const paths = [serviceOf({ urn: '/a/b/*' }), serviceOf({ urn: '/a/c' })];
  await registrations.put(registrationOf('10.9.9.9:80', [], { kind: 'complex', services: paths }));
  const query = { service: SERVICES[7] ?? '', target: {}, self: undefined };
  const bodies = Array.from({ length: Math.min(instances, 1_000) }, (_, instance) => sent(instance));
  const measured = await rates(
    {
      renew: inTurn(bodies.length, (instance) => {
        const body = bodies[instance] ?? bodies[0]!;
        return registrations.put(readRegistration(decodeJson(body, DEPTH)));
      }),
      resolve: (operations) => {
        for (let i = 0; i < operations; i++) registry.resolve(query);
      },
      route: (operations) => {
        for (let i = 0; i < operations; i++) registrations.route('/a/b/c/d');
      },
    },
    BATCH,
  );
  await registrations.close();
  return [rounded(instances), ...[...measured.values()].map(rounded), rounded(bytes)];
}

const rows = [['instances', 'renewals, read from JSON', 'resolve', 'route', 'bytes per instance']];
for (const instances of INSTANCES) rows.push([...(await measure(instances))]);
console.log(
  `Registrations in memory, ${SERVICES.length} services an instance, operations per second in one process:\n`,
);
console.log(table(rows));
