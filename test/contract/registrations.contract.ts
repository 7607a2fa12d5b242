import { setTimeout as sleep } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import type { RegisteredService, Registration, RegistrationKind } from '../../lib/registry/registration.js';
import type { RegistrationChange, Registrations } from '../../lib/registry/registrations.js';
import { eventually } from '../support/eventually.js';
import { registrationOf, serviceOf } from '../support/registration-fixtures.js';

/** Bounds that an implementation under test is made with. */
export interface RegistrationBounds {
  readonly maxLifetimeMs?: number;
  readonly maxRegistrations?: number;
  readonly maxBytes?: number;
}

const APPLY = 'mesh.trust.apply';

/** What everything keeps that keeps registrations. */
export function registrationsContract(
  name: string,
  make: (bounds: RegistrationBounds) => Registrations | Promise<Registrations>,
): void {
  describe(`registrations contract: ${name}`, () => {
    let registrations: Registrations;

    beforeEach(async () => {
      registrations = await make({});
    });

    afterEach(() => registrations.close());

    const addressesOf = (service: string): string[] => registrations.providers(service).map(({ address }) => address);

    it('finds those who provide a service, by its name', async () => {
      await registrations.puts([
        registrationOf('a:1', [APPLY, 'mesh.trust.verify']),
        registrationOf('b:2', [APPLY]),
        registrationOf('c:3', ['mesh.office.print']),
      ]);
      expect(addressesOf(APPLY).toSorted()).toEqual(['a:1', 'b:2']);
      expect(addressesOf('mesh.trust.verify')).toEqual(['a:1']);
      expect(addressesOf('mesh.trust')).toEqual([]);
      expect(addressesOf('constructor')).toEqual([]);
    });

    it('finds a service whose name has a segment such as ${mesh.name}', async () => {
      await registrations.put(registrationOf('a:1', ['${mesh.name}.builtin.version']));
      expect(addressesOf('${mesh.name}.builtin.version')).toEqual(['a:1']);
    });

    it('finds what an instance has registered, each kind by itself', async () => {
      const metadata = registrationOf('a:1', [APPLY]);
      const paths = registrationOf('a:1', [], { kind: 'complex', services: [serviceOf({ urn: '/a' })] });
      await registrations.puts([metadata, paths, registrationOf('b:2', [APPLY])]);
      expect(registrations.instance('a:1')).toHaveLength(2);
      expect(registrations.instance('z:9')).toEqual([]);
      expect(await registrations.export('complex')).toEqual([paths]);
      expect(await registrations.export()).toHaveLength(3);
    });

    it('answers the same array while nothing has changed, and nobody can change it', async () => {
      await registrations.put(registrationOf('a:1', [APPLY]));
      const before = registrations.providers(APPLY);
      await registrations.put(registrationOf('a:1', [APPLY]));
      await registrations.put(registrationOf('c:3', ['mesh.office.print']));
      expect(registrations.providers(APPLY)).toBe(before);
      expect(Object.isFrozen(before)).toBe(true);
      await registrations.put(registrationOf('b:2', [APPLY]));
      expect(registrations.providers(APPLY)).not.toBe(before);
      expect(before).toHaveLength(1);
    });

    it('lets what an instance says anew take the place of what it said', async () => {
      await registrations.put(registrationOf('a:1', [APPLY]));
      await registrations.put(registrationOf('a:1', ['mesh.trust.verify']));
      expect(addressesOf(APPLY)).toEqual([]);
      expect(addressesOf('mesh.trust.verify')).toEqual(['a:1']);
      expect(await registrations.export()).toHaveLength(1);
    });

    it('drops what is removed: one kind, or all of an instance', async () => {
      const paths = registrationOf('a:1', [], { kind: 'complex', services: [serviceOf({ urn: '/a' })] });
      await registrations.puts([registrationOf('a:1', [APPLY]), paths]);
      expect(await registrations.remove({ instanceId: 'z:9' })).toBe(false);
      expect(await registrations.remove({ instanceId: 'a:1', kind: 'metadata' })).toBe(true);
      expect(addressesOf(APPLY)).toEqual([]);
      expect(registrations.route('/a')).toHaveLength(1);
      expect(await registrations.remove({ instanceId: 'a:1' })).toBe(true);
      expect(registrations.route('/a')).toEqual([]);
      expect(await registrations.export()).toEqual([]);
    });

    it('drops an instance that stops renewing, and keeps one that renews', async () => {
      const lasting = registrationOf('a:1', [APPLY], { lifetimeMs: 150 });
      const began = performance.now();
      await registrations.puts([lasting, registrationOf('b:2', [APPLY], { lifetimeMs: 150 })]);
      await eventually('the instance that does not renew is gone', () => {
        void registrations.put(lasting);
        return addressesOf(APPLY).length === 1;
      });
      expect(performance.now() - began).toBeGreaterThan(140);
      expect(addressesOf(APPLY)).toEqual(['a:1']);
      expect(await registrations.export()).toEqual([lasting]);
    });

    it('renews to a shorter lifetime, too', async () => {
      await registrations.put(registrationOf('a:1', [APPLY], { lifetimeMs: 60_000 }));
      await registrations.put(registrationOf('a:1', [APPLY], { lifetimeMs: 20 }));
      await eventually('the instance is gone', () => addressesOf(APPLY).length === 0);
    });

    it('grants no lifetime that is longer than its own', async () => {
      registrations = await make({ maxLifetimeMs: 30 });
      await registrations.put(registrationOf('a:1', [APPLY], { lifetimeMs: 60_000 }));
      expect((await registrations.export())[0]?.lifetimeMs).toBe(30);
      await eventually('the instance is gone', () => addressesOf(APPLY).length === 0);
    });

    it('tells watchers what was added, updated and removed, and why; a renewal is nothing to tell', async () => {
      const changes: RegistrationChange[] = [];
      const unwatch = registrations.watch((change) => changes.push(change));
      const first = registrationOf('a:1', [APPLY]);
      const second = registrationOf('a:1', ['mesh.trust.verify'], { lifetimeMs: 25 });
      await registrations.put(first);
      await registrations.put(registrationOf('a:1', [APPLY]));
      await registrations.put(second);
      await eventually('it expires', () => changes.length === 3);
      await registrations.put(first);
      await registrations.remove({ instanceId: 'a:1' });
      unwatch();
      await registrations.put(first);
      expect(changes).toEqual([
        { type: 'added', registration: first },
        { type: 'updated', registration: second, before: first },
        { type: 'removed', registration: second, reason: 'expired' },
        { type: 'added', registration: first },
        { type: 'removed', registration: first, reason: 'withdrawn' },
      ]);
    });

    it('shows a watcher what it tells of', async () => {
      const seen: number[] = [];
      registrations.watch(() => seen.push(registrations.providers(APPLY).length));
      await registrations.put(registrationOf('a:1', [APPLY]));
      await registrations.remove({ instanceId: 'a:1' });
      expect(seen).toEqual([1, 0]);
    });

    it('goes on when a watcher fails', async () => {
      const logged = vi.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);
      onTestFinished(() => logged.mockRestore());
      const seen: string[] = [];
      registrations.watch(() => {
        throw new Error('a watcher that fails');
      });
      registrations.watch(({ type }) => seen.push(type));
      await registrations.put(registrationOf('a:1', [APPLY]));
      expect(seen).toEqual(['added']);
    });

    it.each<readonly [path: string, found: string | undefined]>([
      ['/a/b', 'exact:1'],
      ['/a/b/', 'below-b:1'],
      ['/a/b/c', 'below-b:1'],
      ['/a/b/c/d/e', 'below-b:1'],
      ['/a', 'below-a:1'],
      ['/a/c', 'below-a:1'],
      ['/ab', undefined],
      ['/', undefined],
      ['', undefined],
      ['a/b', undefined],
      ['/a/./b', undefined],
      ['/a/../b', undefined],
      ['/a/%2E%2e/b', undefined],
      ['/a/b%2f..%2fc', undefined],
      ['/a/b\\..\\c', undefined],
      ['//a/b', undefined],
      ['/a/..;x/b', undefined],
      ['/a/b#/../c', undefined],
      ['/a//b', 'below-a:1'],
      [`/a${'/x'.repeat(5_000)}`, 'below-a:1'],
    ])('takes the path %s to %s', async (path, found) => {
      const patterns = { 'exact:1': '/a/b', 'below-b:1': '/a/b/*', 'below-a:1': '/a/*' };
      await registrations.puts(
        Object.entries(patterns).map(([address, urn]) =>
          registrationOf(address, [], { kind: 'complex', services: [serviceOf({ urn })] }),
        ),
      );
      expect(registrations.route(path).map(({ address }) => address)).toEqual(found === undefined ? [] : [found]);
    });

    it.each<readonly [what: string, kind: RegistrationKind, service: Partial<RegisteredService>, message: RegExp]>([
      ['without a name', 'metadata', { name: '' }, /services\[1\]\.urn must be the URN of a service/],
      ['with a URN that is none', 'metadata', { urn: 'mesh.trust.apply' }, /invalid URN/],
      ['found by a wildcard within a path', 'complex', { urn: '/a/*/b' }, /\/a\/b\/\* for all below/],
      [
        'found by a path of the node itself',
        'complex',
        { urn: '/v1/interconn/*' },
        /one of those that the node serves/,
      ],
      ['found by a path that leads elsewhere', 'complex', { urn: '/a/../b' }, /for all below/],
      ['found by a path without end', 'complex', { urn: '/a'.repeat(99) }, /of at most 32/],
    ])('takes nothing with a service %s', async (_, kind, service, message) => {
      const services = [serviceOf({ name: 'mesh.office.print' }), serviceOf(service)];
      const bad = registrationOf('b:2', [], { kind, services });
      const error: unknown = await registrations.puts([registrationOf('a:1', [APPLY]), bad]).catch((cause) => cause);
      expect(error).toMatchObject({ code: 'E0000000400', message: expect.stringMatching(message) as string });
      expect(await registrations.export()).toEqual([]);
      expect(addressesOf('mesh.office.print')).toEqual([]);
    });

    it('finds a service without a URN by its name, behind its namespace if it has no dots', async () => {
      const services = [
        serviceOf({ namespace: 'x', name: 'mesh.office.print' }),
        serviceOf({ namespace: 'mesh.office', name: 'scan' }),
        serviceOf({ namespace: '', name: 'copy' }),
      ];
      await registrations.put(registrationOf('a:1', [], { services }));
      expect(['mesh.office.print', 'mesh.office.scan', 'copy'].flatMap(addressesOf)).toEqual(['a:1', 'a:1', 'a:1']);
    });

    it('says where a service is that another stands for', async () => {
      const services = [serviceOf({ name: 'mesh.office.print', address: 'c:3' }), serviceOf({ name: APPLY })];
      await registrations.put(registrationOf('a:1', [], { services, kind: 'proxy' }));
      expect([addressesOf('mesh.office.print'), addressesOf(APPLY)]).toEqual([['c:3'], ['a:1']]);
    });

    it('takes no more than there is room for, but renews what it has', async () => {
      registrations = await make({ maxRegistrations: 2 });
      await registrations.puts([registrationOf('a:1', [APPLY]), registrationOf('b:2', [APPLY])]);
      await expect(registrations.put(registrationOf('c:3', [APPLY]))).rejects.toMatchObject({ code: 'E0000000700' });
      await registrations.put(registrationOf('b:2', ['mesh.trust.verify']));
      await registrations.remove({ instanceId: 'a:1' });
      await registrations.put(registrationOf('c:3', [APPLY]));
      expect(addressesOf(APPLY)).toEqual(['c:3']);
    });

    it('takes no more bytes than there is room for', async () => {
      registrations = await make({ maxBytes: 1_000 });
      const large = (address: string): Registration =>
        registrationOf(address, [], { attachments: { text: 'x'.repeat(900) } });
      await registrations.put(large('a:1'));
      await expect(registrations.put(large('b:2'))).rejects.toMatchObject({ code: 'E0000000700' });
      await registrations.put(large('a:1'));
      await registrations.remove({ instanceId: 'a:1' });
      await registrations.put(large('b:2'));
      expect(await registrations.export()).toHaveLength(1);
    });

    it('takes all of several, or none', async () => {
      registrations = await make({ maxRegistrations: 2 });
      const three = ['a:1', 'b:2', 'c:3'].map((address) => registrationOf(address, [APPLY]));
      await expect(registrations.puts(three)).rejects.toMatchObject({ code: 'E0000000700' });
      expect(await registrations.export()).toEqual([]);
      await registrations.puts([...three.slice(0, 2), ...three.slice(0, 2)]);
      expect(await registrations.export()).toHaveLength(2);
    });

    it('forgets everything when it is closed, and can be closed again', async () => {
      const changes: RegistrationChange[] = [];
      registrations.watch((change) => changes.push(change));
      await registrations.put(registrationOf('a:1', [APPLY], { lifetimeMs: 20 }));
      await registrations.close();
      await registrations.close();
      expect(await registrations.export()).toEqual([]);
      expect(addressesOf(APPLY)).toEqual([]);
      await sleep(40);
      expect(changes).toHaveLength(1);
    });
  });
}
