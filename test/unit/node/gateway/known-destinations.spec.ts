import { beforeEach, describe, expect, it, vi } from 'vitest';
import { CalledUrns } from '../../../../lib/node/gateway/called-urns.js';
import { DepartedServices } from '../../../../lib/node/gateway/departed-services.js';
import { Destinations } from '../../../../lib/node/gateway/destination.js';
import { type Found, KnownDestinations } from '../../../../lib/node/gateway/known-destinations.js';
import { NetworkRevision } from '../../../../lib/node/gateway/network-revision.js';
import type { PartnerTable } from '../../../../lib/node/partners/partner-table.js';
import { formatUrn } from '../../../../lib/protocol/urn.js';
import { MemoryRegistrations } from '../../../../lib/registry/memory/memory-registrations.js';
import { RegisteredInstances } from '../../../../lib/registry/registered-instances.js';
import type { InboundHead } from '../../../../lib/transport/transport.js';
import { freezeDate } from '../../../support/frozen-date.js';
import { registrationOf } from '../../../support/registration-fixtures.js';
import { routeTo, tableOf } from '../../../support/route-fixtures.js';
import { transportOptions } from '../../../support/transport-fixtures.js';

const own = { nodeId: 'LX1', instId: 'JG1', domain: 'trustbe.cn' };
const SERVICE = 'mesh.trust.apply';

describe('KnownDestinations', () => {
  let registrations: MemoryRegistrations;
  let partners: PartnerTable;
  let known: KnownDestinations;
  let revision: NetworkRevision;
  let destinations: Destinations;
  const services = { revision: 0 };
  const local = new Set<string>();
  const urns = new CalledUrns(own);
  const head = { headers: { 'mesh-form': 'packed' }, admits: undefined };

  beforeEach(async () => {
    registrations = new MemoryRegistrations(transportOptions());
    partners = tableOf();
    revision = new NetworkRevision(services, [registrations, partners]);
    known = new KnownDestinations({ revision, partners });
    local.clear();
    destinations = new Destinations({
      urns,
      partners,
      registered: new RegisteredInstances(own, registrations),
      departed: new DepartedServices(registrations),
      isLocal: (service) => local.has(service),
    });
    await registrations.put(registrationOf('10.0.0.7:1', [SERVICE]));
    await partners.put(routeTo('LX2'));
  });

  /** Keeps where a service of a node is found. */
  function keep(nodeId = own.nodeId, at: Pick<InboundHead, 'headers' | 'admits'> = head): Found {
    const called = urns.read(formatUrn({ name: SERVICE, nodeId }));
    return known.keep(at, { called, destination: destinations.find(at, called) });
  }

  it('is the same for all calls with one head, at one listener', () => {
    const kept = keep();
    expect(known.get(head)).toBe(kept);
    expect(known.get({ ...head, headers: { ...head.headers } })).toBeUndefined();
    expect(known.get({ ...head, admits: () => true })).toBeUndefined();
  });

  it('stays while registrations are renewed', async () => {
    const kept = keep();
    await registrations.put(registrationOf('10.0.0.7:1', [SERVICE]));
    expect(known.get(head)).toBe(kept);
  });

  it.each<[string, () => unknown]>([
    ['another instance registers', () => registrations.put(registrationOf('10.0.0.8:1', [SERVICE]))],
    ['an instance leaves', () => registrations.remove({ instanceId: '10.0.0.7:1' })],
    ['a partner comes', () => partners.put(routeTo('LX3'))],
    ['a partner goes', () => partners.remove('LX2')],
    ['a service is provided here', () => services.revision++],
  ])('is found anew when %s', async (_, change) => {
    keep();
    await change();
    expect(known.get(head)).toBeUndefined();
  });

  it('ends with the agreement with a partner', async () => {
    const end = freezeDate() + 40;
    await partners.put(routeTo('LX2', {}, { expireAt: end }));
    const kept = keep('LX2');
    expect(kept.destination.to).toBe('partner');
    vi.setSystemTime(end - 1);
    expect(known.get(head)).toBe(kept);
    vi.setSystemTime(end + 1);
    expect(known.get(head)).toBeUndefined();
    expect(() => keep('LX2')).toThrow(/expired/);
  });

  it('is told of nothing once the revision is closed', async () => {
    const kept = keep();
    revision.close();
    await partners.remove('LX2');
    expect(known.get(head)).toBe(kept);
  });
});
