import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { Logger } from '@nestjs/common';
import {
  MeshFacade,
  type MeshOptions,
  MeshProvider,
  MeshRegistrations,
  MeshServer,
  type MeshService,
  Mpi,
} from 'nestjs-mesh';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { MemoryRegistrations } from '../../../lib/registry/memory/memory-registrations.js';
import { eventually } from '../../support/eventually.js';
import { startApp, type TestApp } from '../../support/mesh-app.js';

@MeshFacade()
class Printer {
  @Mpi('mesh.office.print', ['text']) print!: (text: string) => Promise<string>;
}

@MeshProvider(Printer)
class PrinterController implements MeshService<Printer> {
  print(text: string): string {
    return `printed ${text}`;
  }
}

const PRINT = 'mesh.office.print';

/** A node, at a free port unless one is named, whose own application calls the printers. */
function startNode(port = 0): Promise<TestApp> {
  const listen = { host: '127.0.0.1', port, side: 'inner' as const };
  return startApp({ facades: [Printer], options: { node: {}, listen, retry: { retries: 0 } } });
}

/** An application that provides a printer, and registers it at nodes. */
function startPrinter(registry: MeshOptions['registry'], options: MeshOptions = {}): Promise<TestApp> {
  const grpc = { reconnectMinMs: 10, reconnectMaxMs: 20 };
  return startApp({ controllers: [PrinterController], options: { name: 'office', registry, grpc, ...options } });
}

function printersOf(node: TestApp): string[] {
  const registrations = node.app.get(MeshRegistrations);
  return registrations.providers(PRINT).map(({ address }) => address);
}

function portOf(address: string): number {
  return Number(address.split(':').at(-1));
}

describe('a Nest application that registers', () => {
  const warn = vi.fn();

  beforeEach(() => {
    vi.spyOn(Logger.prototype, 'warn').mockImplementation(warn);
    vi.spyOn(Logger.prototype, 'log').mockImplementation(() => undefined);
  });

  afterEach(() => {
    vi.restoreAllMocks();
    warn.mockReset();
  });

  it('is called through the node, until it closes', async () => {
    const node = await startNode();
    const printer = await startPrinter({ address: node.address }, { subset: 'blue', version: '2.1.0' });
    await eventually('it is registered', () => printersOf(node).length === 1);
    expect(printersOf(node)).toEqual([printer.address]);
    await expect(node.client(Printer).print('a')).resolves.toBe('printed a');

    const [registration] = await node.app.get(MeshRegistrations).export();
    expect(registration).toMatchObject({
      instanceId: printer.address,
      name: 'office',
      kind: 'metadata',
      lifetimeMs: 30_000,
      attachments: { 'mesh-subset': 'blue', 'office.version': '2.1.0' },
    });
    expect(registration?.services).toContainEqual({
      urn: 'print.office.mesh.0001000000000000000000000000000000000.lx0000000000000.trustbe.cn',
      namespace: 'mesh.office',
      name: 'print',
      version: '',
      proto: 'grpc',
      codec: 'json',
      flags: 0,
      timeout: 10_000,
      retries: 0,
      node: 'LX0000000000000',
      inst: 'JG0000000000000000',
      zone: '',
      cluster: '',
      cell: '',
      group: '',
      address: printer.address,
      kind: 'MPS',
      lang: 'TypeScript',
      attrs: {},
    });
    const urns = registration?.services.map(({ urn }) => urn) ?? [];
    expect(urns.some((urn) => urn.startsWith('version.builtin.office.'))).toBe(true);
    expect(urns.some((urn) => urn.includes('.net.mesh.') || urn.includes('.registry.mesh.'))).toBe(false);

    await printer.app.close();
    expect(printersOf(node)).toEqual([]);
    await expect(node.client(Printer).print('b')).rejects.toMatchObject({ code: 'E0000000602' });
    expect(warn).not.toHaveBeenCalled();
  });

  it.each([
    ['yaml', '04'],
    ['msgpack', '00'],
  ])('says that it is called in %s', async (codec, number) => {
    const node = await startNode();
    // Over HTTP, content types tell the node what the registration is written by.
    const use = { codec, transport: 'http' };
    const printer = await startPrinter({ address: node.address }, { use });
    await eventually('it is registered', () => printersOf(node).length === 1);
    const [registration] = await node.app.get(MeshRegistrations).export();
    const urn = `print.office.mesh.0000${number}${'0'.repeat(31)}.lx0000000000000.trustbe.cn`;
    expect(registration?.services).toContainEqual(
      expect.objectContaining({ name: 'print', proto: 'http', codec, urn, address: printer.address }),
    );
  });

  it('renews three times within a lifetime, which is nothing new to watchers', async () => {
    const node = await startNode();
    const puts = vi.spyOn(MemoryRegistrations.prototype, 'put');
    const changes: string[] = [];
    node.app.get(MeshRegistrations).watch(({ type }) => changes.push(type));
    const began = performance.now();
    await startPrinter({ address: [node.address], lifetimeMs: 600 });
    await eventually('it has renewed', () => puts.mock.calls.length === 4);
    expect(performance.now() - began).toBeGreaterThan(450);
    expect(printersOf(node)).toHaveLength(1);
    expect(changes).not.toContain('updated');
  });

  it('is back after the node was away, and warns once', async () => {
    const first = await startNode();
    const printer = await startPrinter({ address: first.address, lifetimeMs: 300 });
    await eventually('it is registered', () => printersOf(first).length === 1);
    await first.app.close();
    await eventually('it warns', () => warn.mock.calls.length === 1);
    const second = await startNode(portOf(first.address));
    await eventually('it is back', () => printersOf(second).length === 1);
    expect(printersOf(second)).toEqual([printer.address]);
    expect(warn).toHaveBeenCalledTimes(1);
  });

  it('is there again when the node has forgotten it, without a warning', async () => {
    const node = await startNode();
    const printer = await startPrinter({ address: node.address, lifetimeMs: 300 });
    await eventually('it is registered', () => printersOf(node).length === 1);
    await node.app.get(MeshRegistrations).remove({ instanceId: printer.address });
    await eventually('it is back', () => printersOf(node).length === 1);
    expect(warn).not.toHaveBeenCalled();
  });

  it('starts, serves and closes while the node is away', async () => {
    const gone = await startApp({});
    await gone.app.close();
    const printer = await startPrinter({ address: gone.address });
    await eventually('it warns', () => warn.mock.calls.length > 0);
    expect(String(warn.mock.calls[0]?.[0])).toMatch(
      /^not registered at 127\.0\.0\.1:\d+, which is asked again: E0000000619/,
    );
    const consumer = await startApp({ facades: [Printer], options: { addresses: [printer.address] } });
    await expect(consumer.client(Printer).print('a')).resolves.toBe('printed a');
    const began = performance.now();
    await printer.app.close();
    expect(performance.now() - began).toBeLessThan(5_000);
    expect(warn).toHaveBeenCalledTimes(1);
  });

  it('closes although the node takes what it says and never answers', async () => {
    const silent = createServer((socket) => void socket.resume().on('error', () => undefined));
    await once(silent.listen(0, '127.0.0.1'), 'listening');
    const { port } = silent.address() as AddressInfo;
    const printer = await startPrinter({ address: `127.0.0.1:${port}`, lifetimeMs: 86_400_000 });
    const consumer = await startApp({ facades: [Printer], options: { addresses: [printer.address] } });
    await expect(consumer.client(Printer).print('a')).resolves.toBe('printed a');
    const began = performance.now();
    await printer.app.close();
    expect(performance.now() - began).toBeLessThan(4_500);
    silent.close();
  });

  it('goes on where a node is no registry, and says so', async () => {
    const plain = await startApp({});
    await startPrinter({ address: plain.address });
    await eventually('it warns', () => warn.mock.calls.length > 0);
    expect(String(warn.mock.calls[0]?.[0])).toContain('E0000000617');
  });

  it('registers at each of several nodes', async () => {
    const nodes = [await startNode(), await startNode()];
    await startPrinter({ address: nodes.map(({ address }) => address) });
    await eventually('it is registered', () => nodes.every((node) => printersOf(node).length === 1));
  });

  it('says where it is reached: as told, else by which way the node is reached', async () => {
    const node = await startNode();
    const listen = { host: '0.0.0.0', port: 0 };
    const wild = await startPrinter({ address: node.address }, { listen });
    const named = await startPrinter(
      { address: node.address, advertise: 'office.test', instanceId: 'no-1' },
      { listen },
    );
    const mapped = await startPrinter({ address: node.address, advertise: '10.0.0.7:99' }, { listen });
    await eventually('they are registered', () => printersOf(node).length === 3);
    expect(printersOf(node).toSorted()).toEqual(
      [`127.0.0.1:${portOf(wild.address)}`, `office.test:${portOf(named.address)}`, '10.0.0.7:99'].toSorted(),
    );
    expect(node.app.get(MeshRegistrations).instance('no-1')).toHaveLength(1);
    await mapped.app.close();
    expect(printersOf(node)).toHaveLength(2);
  });

  it('says where its inner side is, if it has one', async () => {
    const node = await startNode();
    const outer = { host: '127.0.0.1', port: 0 };
    const printer = await startPrinter({ address: node.address }, { listen: [outer, { ...outer, side: 'inner' }] });
    await eventually('it is registered', () => printersOf(node).length === 1);
    expect(printersOf(node)).toEqual([printer.app.get(MeshServer).addresses[1]]);
  });

  it('is balanced with the instances beside it', async () => {
    const node = await startNode();
    await startPrinter({ address: node.address });
    const second = await startPrinter({ address: node.address });
    await eventually('both are registered', () => printersOf(node).length === 2);
    const calls = Array.from({ length: 4 }, (_, i) => node.client(Printer).print(String(i)));
    expect(await Promise.all(calls)).toEqual(['printed 0', 'printed 1', 'printed 2', 'printed 3']);
    await second.app.close();
    await expect(node.client(Printer).print('5')).resolves.toBe('printed 5');
    expect(printersOf(node)).toHaveLength(1);
  });
});
