import { describe, expect, it } from 'vitest';
import { MeshCode } from '../../../../lib/errors/mesh-code.js';
import { LocalConnection } from '../../../../lib/transport/memory/local-connection.js';
import { MemoryNetwork } from '../../../../lib/transport/memory/memory-network.js';
import { MemoryTransport } from '../../../../lib/transport/memory/memory-transport.js';
import { caught } from '../../../support/caught.js';
import { outbound, transportOptions } from '../../../support/transport-fixtures.js';

const echo = () => async (call: { readonly body: Uint8Array }) => call.body;

describe('a memory network', () => {
  it('joins the transports that share it, and no others', async () => {
    const network = new MemoryNetwork();
    const provider = new MemoryTransport(network, transportOptions());
    const consumer = new MemoryTransport(network, transportOptions());
    const stranger = new MemoryTransport(new MemoryNetwork(), transportOptions());
    await provider.listen({ host: 'node-a', port: 7304 }, echo);
    expect(await consumer.dial('node-a:7304').call(outbound())).toHaveLength(5);
    expect((await caught(stranger.dial('node-a:7304').call(outbound()))).code).toBe(MeshCode.ADDRESS_UNREACHABLE);
  });

  it('reaches a listener of any host by every name, but not by another port', async () => {
    const network = new MemoryNetwork();
    network.listen({ host: '0.0.0.0', port: 7304 }, echo);
    expect(network.find('127.0.0.1:7304')?.address).toBe('0.0.0.0:7304');
    expect(network.find('[::1]:7304')).toBeDefined();
    expect(network.find('127.0.0.1:7305')).toBeUndefined();
  });

  it('gives each listener without a port one of its own', () => {
    const network = new MemoryNetwork();
    const at = { host: '127.0.0.1', port: 0 };
    expect(network.listen(at, echo).address).not.toBe(network.listen(at, echo).address);
    expect(network.addresses).toHaveLength(2);
  });

  it('forgets a listener that is closed, and not the one that came after it', async () => {
    const network = new MemoryNetwork();
    const first = network.listen({ host: 'a', port: 1 }, echo);
    await first.close();
    const second = network.listen({ host: 'a', port: 1 }, echo);
    first.destroy();
    expect(network.find('a:1')).toBe(second);
  });
});

describe('a local connection', () => {
  it('lets other work have its turn, however fast call follows call', async () => {
    const connection = new LocalConnection(echo);
    let turns = 0;
    setImmediate(() => turns++);
    for (let i = 0; i < 3; i++) await connection.call(outbound());
    expect(turns).toBe(1);
  });

  it('has no limit of size unless it is given one', async () => {
    const body = Buffer.alloc(3 * 1024 * 1024);
    expect(await new LocalConnection(echo).call(outbound({ body }))).toHaveLength(body.length);
    const limited = new LocalConnection(echo, { maxMessageBytes: 10 });
    expect((await caught(limited.call(outbound({ body })))).code).toBe(MeshCode.MESSAGE_TOO_LONG);
  });
});
