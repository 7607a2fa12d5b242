import { describe, expect, it, onTestFinished } from 'vitest';
import { MeshCode } from '../../../lib/errors/mesh-code.js';
import { TcpTransport } from '../../../lib/transport/tcp/tcp-transport.js';
import { caught } from '../../support/caught.js';
import { outbound, transportOptions } from '../../support/transport-fixtures.js';

describe('a call over TCP whose head is too long', () => {
  it.each([
    ['small', 10],
    ['large', 2 * 1024 * 1024],
  ])('takes no room from others, be they %s', async (_, size) => {
    const transport = new TcpTransport(transportOptions());
    const listener = await transport.listen({ host: '127.0.0.1', port: 0 }, () => async (call) => call.body);
    const connection = transport.dial(listener.address);
    onTestFinished(() => (connection.destroy(), listener.destroy()));
    const body = Buffer.alloc(size);
    const headers = { 'x-long': 'x'.repeat(70_000) };

    // Together they are more than may be under way.
    for (let n = 0; n < 40; n++) {
      const { code, neverSent } = await caught(connection.call(outbound({ headers, body })));
      expect([code, neverSent]).toEqual([MeshCode.MESSAGE_TOO_LONG, true]);
    }
    expect(await connection.call(outbound({ body, timeoutMs: 1_000 }))).toHaveLength(size);
  });
});
