import { beforeEach, describe, expect, it } from 'vitest';
import { MeshCode } from '../../../../lib/errors/mesh-code.js';
import { CalledUrns } from '../../../../lib/node/gateway/called-urns.js';
import { DepartedServices } from '../../../../lib/node/gateway/departed-services.js';
import { type Destination, Destinations } from '../../../../lib/node/gateway/destination.js';
import type { Partner } from '../../../../lib/node/partners/partner.js';
import { RouteStatus } from '../../../../lib/node/partners/partner-route.js';
import { formatUrn, type UrnParts } from '../../../../lib/protocol/urn.js';
import { MemoryRegistrations } from '../../../../lib/registry/memory/memory-registrations.js';
import { RegisteredInstances } from '../../../../lib/registry/registered-instances.js';
import type { ServiceAdmission } from '../../../../lib/transport/transport.js';
import { registrationOf, serviceOf } from '../../../support/registration-fixtures.js';
import { routeTo, tableOf } from '../../../support/route-fixtures.js';
import { transportOptions } from '../../../support/transport-fixtures.js';

const own = { nodeId: 'LX1', instId: 'JG1', domain: 'trustbe.cn' };
const LOCAL = 'mesh.own.thing';
const REGISTERED = 'mesh.trust.apply';

describe('Destinations', () => {
  let registrations: MemoryRegistrations;
  let destinations: Destinations;
  let urns: CalledUrns;
  let second: Partner;
  const partners = tableOf();

  beforeEach(async () => {
    await partners.put(routeTo('LX2', { instId: 'JG2' }));
    await partners.put(routeTo('LX3', { instId: 'JG3' }));
    second = partners.find({ nodeId: 'LX2' });
    registrations = new MemoryRegistrations(transportOptions());
    urns = new CalledUrns(own);
    destinations = new Destinations({
      urns,
      partners,
      registered: new RegisteredInstances(own, registrations),
      departed: new DepartedServices(registrations),
      isLocal: (service) => service === LOCAL,
    });
    await registrations.put(registrationOf('10.0.0.7:1', [REGISTERED]));
  });

  type Said = { readonly urn?: Partial<UrnParts>; readonly admits?: ServiceAdmission };

  function found(headers: Readonly<Record<string, string>>, { urn, admits }: Said = {}): Destination {
    const called = urns.read(formatUrn({ name: REGISTERED, nodeId: 'LX0000000000000', ...urn }));
    return destinations.find({ headers, admits }, called);
  }

  function addresses(destination: Destination): readonly string[] {
    return destination.to === 'instances' ? destination.instances.map(({ address }) => address) : [destination.to];
  }

  function refusal(code: MeshCode, message: RegExp): Error {
    return expect.objectContaining({ code, message: expect.stringMatching(message) as string }) as Error;
  }

  it('is this process for what it provides, and for what nobody does', () => {
    expect(found({}, { urn: { name: LOCAL } })).toEqual({ to: 'here' });
    expect(found({}, { urn: { name: 'mesh.no.body' } })).toEqual({ to: 'here' });
    expect(found({ 'x-ptp-target-node-id': 'lx1' }, { urn: { name: LOCAL, nodeId: 'LX9' } })).toEqual({ to: 'here' });
  });

  it('is the instances that are registered', () => {
    expect(addresses(found({}))).toEqual(['10.0.0.7:1']);
    expect(addresses(found({ 'x-ptp-target-inst-id': 'jg1' }))).toEqual(['10.0.0.7:1']);
    expect(found({ 'mesh-subset': 'blue' })).toMatchObject({
      query: { service: REGISTERED, target: { subset: 'blue' } },
    });
  });

  it.each([
    [{}, 'LX2'],
    [{}, 'JG2'],
    [{ 'x-ptp-target-node-id': 'lx2' }, 'LX1'],
    [{ 'mesh-target-node-id': 'LX2' }, 'LX0000000000000'],
    [{ 'x-ptp-target-inst-id': 'JG2' }, 'LX1'],
    [{ 'x-ptp-target-inst-id': 'JG2' }, 'LX9'],
    [{ 'x-ptp-target-node-id': 'LX2' }, 'JG2'],
    // The node goes first.
    [{ 'x-ptp-target-node-id': 'LX2', 'x-ptp-target-inst-id': 'JG3' }, 'LX1'],
  ])('is the partner that the headers %j or else the URN at %s name', (headers, nodeId) => {
    expect(found(headers, { urn: { nodeId } })).toEqual({ to: 'partner', partner: second });
  });

  it('is told why a partner cannot be called at the moment', async () => {
    await partners.put(routeTo('LX2', {}, { status: RouteStatus.DISABLED }));
    expect(() => found({}, { urn: { nodeId: 'LX2' } })).toThrow(refusal(MeshCode.NETWORK_DISABLED, /LX2/));
    await partners.put(routeTo('LX2', {}, { expireAt: 1 }));
    expect(() => found({}, { urn: { nodeId: 'LX2' } })).toThrow(refusal(MeshCode.NETWORK_EXPIRED, /LX2/));
  });

  it('goes to a partner even with what is provided here', () => {
    expect(found({}, { urn: { name: LOCAL, nodeId: 'LX2' } })).toEqual({ to: 'partner', partner: second });
  });

  it('refuses headers and a URN that name two partners', () => {
    const headers = { 'x-ptp-target-node-id': 'LX2' };
    expect(() => found(headers, { urn: { nodeId: 'LX3' } })).toThrow(refusal(MeshCode.INVALID_REQUEST, /'LX2'.*'LX3'/));
  });

  it('serves what is provided here whatever node an unknown URN names, and refuses the rest', () => {
    expect(found({}, { urn: { name: LOCAL, nodeId: 'LX9' } })).toEqual({ to: 'here' });
    expect(() => found({}, { urn: { nodeId: 'LX9' } })).toThrow(refusal(MeshCode.NOT_IN_NETWORK, /lx9/));
    expect(() => found({ 'x-ptp-target-node-id': 'LX9', 'x-ptp-target-inst-id': 'JG1' })).toThrow(
      refusal(MeshCode.NOT_IN_NETWORK, /LX9/),
    );
  });

  it('goes to instances that are registered for another node only when that node is asked for', async () => {
    const foreign = { services: [serviceOf({ urn: formatUrn({ name: 'mesh.far.off', nodeId: 'LX9' }), node: 'LX9' })] };
    await registrations.put(registrationOf('10.0.0.9:1', [], foreign));
    expect(addresses(found({}, { urn: { name: 'mesh.far.off', nodeId: 'LX9' } }))).toEqual(['10.0.0.9:1']);
    expect(addresses(found({ 'x-ptp-target-node-id': 'LX9' }, { urn: { name: 'mesh.far.off' } }))).toEqual([
      '10.0.0.9:1',
    ]);
    expect(() => found({}, { urn: { name: 'mesh.far.off' } })).toThrow(refusal(MeshCode.NO_INSTANCE, /other nodes/));
  });

  it('goes to a very instance that is registered, and to no other address', async () => {
    await registrations.put(registrationOf('10.0.0.8:1', [REGISTERED, LOCAL]));
    const at = (address: string, name = REGISTERED) => found({}, { urn: { name, flag: { address, port: 1 } } });
    expect(addresses(at('10.0.0.8'))).toEqual(['10.0.0.8:1']);
    expect(addresses(at('10.0.0.8', LOCAL))).toEqual(['10.0.0.8:1']);
    expect(() => at('10.0.0.99')).toThrow(refusal(MeshCode.NO_INSTANCE, /10\.0\.0\.99:1/));
    expect(at('10.0.0.99', LOCAL)).toEqual({ to: 'here' });
    expect(at('10.0.0.99', 'mesh.no.body')).toEqual({ to: 'here' });
  });

  it('tells when all instances have left', async () => {
    await registrations.remove({ instanceId: '10.0.0.7:1' });
    expect(() => found({})).toThrow(refusal(MeshCode.NO_INSTANCE, /have left/));
  });

  it('takes headers that are left over from another call for what they are', () => {
    const headers = { 'x-ptp-target-node-id': 'LX1' };
    const said = { urn: { name: 'mesh.no.body', nodeId: 'LX2' } };
    expect(found(headers, said)).toEqual({ to: 'partner', partner: second });
    // Of a call that another node handed on they are not left over.
    expect(found({ ...headers, 'mesh-nodes-passed': 'LX2' }, said)).toEqual({ to: 'here' });
  });

  it('hands nothing on for another domain', () => {
    const domain = 'example.org';
    expect(() => found({}, { urn: { domain } })).toThrow(refusal(MeshCode.INVALID_REQUEST, /domain.*example\.org/));
    expect(() => found({}, { urn: { domain, nodeId: 'LX2' } })).toThrow(refusal(MeshCode.INVALID_REQUEST, /domain/));
    expect(found({}, { urn: { domain, name: LOCAL } })).toEqual({ to: 'here' });
  });

  it('knows of nothing that may not be called where the call came in', () => {
    const admits = (service: string): boolean => service !== REGISTERED;
    const nobody = refusal(MeshCode.NO_SERVICE, /^nobody here provides 'mesh\.trust\.apply'$/);
    expect(found({}, { admits })).toEqual({ to: 'here' });
    expect(() => found({}, { admits, urn: { nodeId: 'LX2' } })).toThrow(nobody);
    expect(() => found({}, { admits, urn: { nodeId: 'LX9' } })).toThrow(nobody);
  });

  it('serves no other node for a partner, where that may not be called', () => {
    const admits = (): boolean => false;
    const urn = { name: LOCAL, nodeId: 'LX2' };
    expect(() => found({}, { admits, urn })).toThrow(refusal(MeshCode.NO_SERVICE, /mesh\.own\.thing/));
    expect(found({}, { admits, urn: { name: LOCAL, nodeId: 'LX9' } })).toEqual({ to: 'here' });
  });

  it.each([
    ['mesh.registry.put', 'administration'],
    ['mesh.net.refresh', 'administration'],
    ['mesh.net.weave', 'weaving'],
    ['mesh.net.environ', 'builtins'],
    ['office.builtin.debug', 'builtins'],
    ['mesh.network.builtins', undefined],
  ])('takes %s elsewhere for a part of the area %s', (name, area) => {
    const asked: unknown[] = [];
    const admits = (_: string, ...more: readonly unknown[]): boolean => asked.push(...more) > 0;
    found({}, { admits, urn: { name, nodeId: 'LX2' } });
    expect(asked).toEqual([area]);
  });
});

describe('DepartedServices', () => {
  it('remembers what was registered, the latest of it', async () => {
    const registrations = new MemoryRegistrations(transportOptions());
    const departed = new DepartedServices(registrations);
    await registrations.put(registrationOf('a:1', ['mesh.one.a', 'mesh.one.b']));
    expect(departed.has('mesh.one.a')).toBe(false);
    await registrations.put(registrationOf('a:1', ['mesh.one.b']));
    expect([departed.has('mesh.one.a'), departed.has('mesh.one.c')]).toEqual([true, false]);
    const many = Array.from({ length: 4_096 }, (_, index) => `mesh.many.s${index}`);
    for (let at = 0; at < many.length; at += 1_024) {
      await registrations.put(registrationOf('a:1', many.slice(at, at + 1_024)));
    }
    await registrations.remove({ instanceId: 'a:1' });
    expect(departed.has('mesh.one.a')).toBe(false);
    expect([departed.has(many[0]!), departed.has(many[4_095]!)]).toEqual([true, true]);
    departed.close();
    expect(departed.has(many[0]!)).toBe(false);
  });
});
