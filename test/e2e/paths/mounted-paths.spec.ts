import { Module } from '@nestjs/common';
import { type AbstractHttpAdapter, NestFactory } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { MeshModule, MeshRegistrations } from 'nestjs-mesh';
import { describe, expect, it, onTestFinished } from 'vitest';
import { eventually, settled } from '../../support/eventually.js';
import { ask, endless, textOf } from '../../support/passages.js';
import { startInstance } from '../../support/path-instances.js';
import { RawSocket } from '../../support/raw-socket.js';
import { registrationOf, serviceOf } from '../../support/registration-fixtures.js';

const adapters: readonly [string, () => AbstractHttpAdapter][] = [
  ['Express', () => new ExpressAdapter()],
  ['Fastify', () => new FastifyAdapter()],
];

/** An HTTP application that is a node below `/node`, and an application that has registered `/a/*` with it. */
async function startMounted(adapter: AbstractHttpAdapter) {
  const mesh = MeshModule.forRoot({ node: {}, listen: false, mount: { prefix: '/node', serves: ['/a/*'] } });
  class AppModule {}
  Module({ imports: [mesh] })(AppModule);
  const app = await NestFactory.create(AppModule, adapter, { logger: false });
  onTestFinished(() => app.close());
  await app.listen(0, '127.0.0.1');
  const down = endless();
  const instance = await startInstance((request, response) => {
    if (request.url !== '/a/endless') return void request.pipe(response);
    void (async () => {
      for await (const part of down.body)
        if (!response.write(part)) await new Promise((resolve) => response.once('drain', resolve));
    })();
  });
  const services = ['/a/*', '/b'].map((urn) => serviceOf({ urn }));
  await app.get(MeshRegistrations).put(registrationOf(instance.address, [], { kind: 'complex', services }));
  return { app, instance, down, address: (await app.getUrl()).replace('http://', '') };
}

describe.each(adapters)('registered paths within an HTTP application on %s', (_, adapter) => {
  it('are handed on below the prefix, one request after the other', async () => {
    const { address, instance, down } = await startMounted(adapter());
    const raw = new RawSocket(address);
    for (const text of ['hello', 'again']) {
      raw.send(`PUT /node/a/b?c HTTP/1.1\r\nhost: h\r\ncontent-length: 5\r\n\r\n${text}`);
      await eventually('it is answered', () => raw.text.includes(text));
    }
    expect(instance.seen.map(({ method, url }) => `${method} ${url}`)).toEqual(['PUT /a/b?c', 'PUT /a/b?c']);
    const statuses = await Promise.all(
      ['/a/b', '/node/b', '/node/a/../b'].map(async (path) => {
        const { call, answer } = ask(address, path);
        call.end();
        const got = await answer;
        await textOf(got);
        return got.statusCode;
      }),
    );
    expect(statuses).toEqual([404, 404, 404]);
    const reading = ask(address, '/node/a/endless');
    reading.call.end();
    (await reading.answer).pause();
    expect(await settled(() => down.taken)).toBeLessThan(24 * 1024 * 1024);
  });

  it('are served without their upgrades', async () => {
    const { address, instance } = await startMounted(adapter());
    const raw = new RawSocket(address);
    raw.send('GET /node/a/b HTTP/1.1\r\nhost: h\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n');
    await eventually('it is answered', () => raw.text.includes('\r\n\r\n'));
    expect(raw.text).toMatch(/^HTTP\/1.1 200 /);
    expect(instance.seen[0]!.headers.upgrade).toBeUndefined();
  });
});
