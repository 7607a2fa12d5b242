import { Controller, ForbiddenException } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Ctx, EventPattern, MessagePattern, Payload } from '@nestjs/microservices';
import { type Observable, of, throwError } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { MeshClient, MeshCode, MeshContext, MeshModule, MeshServer } from 'nestjs-mesh';
import { caught } from '../support/caught.js';
import { eventually } from '../support/eventually.js';
import { createApp, startApp, startConsumer } from '../support/mesh-app.js';

@Controller()
class PlainController {
  readonly heard: string[] = [];

  @MessagePattern('mesh.plain.add')
  add(@Payload() { a, b }: { a: number; b: number }): number {
    return a + b;
  }

  @MessagePattern(['mesh.plain.who', 'mesh.plain.whoami'])
  who(@Payload('name') name: string, @Ctx() context: MeshContext): string {
    return `${name} by ${context.service}`;
  }

  @MessagePattern('mesh.plain.refuse')
  refuse(): never {
    throw new ForbiddenException('not you');
  }

  @EventPattern('mesh.plain.happened')
  happened(@Payload('what') what: string): Observable<string> {
    this.heard.push(what);
    return of(what);
  }

  @EventPattern('mesh.plain.happened')
  happenedToo(@Payload('what') what: string): void {
    this.heard.push(`${what}, too`);
  }

  @EventPattern('mesh.plain.failing')
  failing(@Payload('how') how: string): Observable<never> {
    this.heard.push(how);
    if (how === 'at once') throw new Error(how);
    return throwError(() => new Error(how));
  }
}

async function startPlain() {
  const provider = await startApp({ controllers: [PlainController] });
  const consumer = await startConsumer(provider.address, {});
  return { client: consumer.app.get(MeshClient), heard: provider.app.get(PlainController).heard };
}

describe('plain handlers of messages', () => {
  it('serve the service that their pattern names', async () => {
    const { client } = await startPlain();

    expect(await client.call('mesh.plain.add', { a: 20, b: 22 })).toBe(42);
    expect(await client.call('mesh.plain.who', { name: 'I' })).toBe('I by mesh.plain.who');
    expect(await client.call('mesh.plain.whoami', { name: 'I' })).toBe('I by mesh.plain.whoami');
    expect(await caught(client.call('mesh.plain.refuse', {}))).toMatchObject({
      code: MeshCode.FORBIDDEN,
      message: 'not you',
    });
    expect((await caught(client.call('mesh.plain.unknown', {}))).code).toBe(MeshCode.NO_SERVICE);
  });

  it('of an event all hear it, and the caller does not wait for how they end', async () => {
    const { client, heard } = await startPlain();

    expect(await client.call('mesh.plain.happened', { what: 'rain' })).toBeNull();
    expect(await client.call('mesh.plain.failing', { how: 'at once' })).toBeNull();
    expect(await client.call('mesh.plain.failing', { how: 'observed' })).toBeNull();
    await eventually('all heard', () => heard.length === 4);
    expect(heard).toEqual(['rain', 'rain, too', 'at once', 'observed']);
  });

  it('of patterns that no URN can say are left to other transports', async () => {
    @Controller()
    class Other {
      @MessagePattern({ cmd: 'sum' }) sum(): number {
        return 1;
      }
      @MessagePattern('mesh.other.sum') named(): number {
        return 2;
      }
    }
    const app = await startApp({ controllers: [Other] });
    expect(await app.app.get(MeshClient).call('mesh.other.sum', {})).toBe(2);
  });
});

describe('processing hooks', () => {
  it('run around each call, with its context', async () => {
    const seen: string[] = [];
    const app = await createApp({ controllers: [PlainController] });
    const server = app.get(MeshServer);
    server.setOnProcessingStartHook((transport, context, done) => {
      seen.push(`start ${(context as MeshContext).service} ${transport === server.transportId}`);
      return done();
    });
    server.setOnProcessingEndHook((_, context) => seen.push(`end ${(context as MeshContext).service}`));
    await app.listen();
    const client = app.get(MeshClient);

    await client.call('mesh.plain.add', { a: 1, b: 2 });
    await caught(client.call('mesh.plain.refuse', {}));
    await client.call('mesh.plain.failing', { how: 'observed' });
    expect(seen).toEqual([
      'start mesh.plain.add true',
      'end mesh.plain.add',
      'start mesh.plain.refuse true',
      'end mesh.plain.refuse',
      'start mesh.plain.failing true',
      'end mesh.plain.failing',
    ]);
  });

  it('before requests see the handler, and may refuse', async () => {
    const app = await createApp({ controllers: [PlainController] });
    app.registerPreRequestHook((context, next) => {
      if (context.getHandler().name === 'who') return throwError(() => new ForbiddenException('hooked'));
      return next();
    });
    await app.listen();
    const client = app.get(MeshClient);

    expect(await client.call('mesh.plain.add', { a: 1, b: 2 })).toBe(3);
    expect(await caught(client.call('mesh.plain.who', { name: 'I' }))).toMatchObject({
      code: MeshCode.FORBIDDEN,
      message: 'hooked',
    });
  });
});

describe('an application that does not listen', () => {
  it('calls all the same', async () => {
    const provider = await startApp({ controllers: [PlainController] });
    const root = MeshModule.forRoot({ name: 'caller', listen: false, addresses: [provider.address] });
    const app = await NestFactory.createApplicationContext(root, { logger: false });
    try {
      expect(await app.get(MeshClient).call('mesh.plain.add', { a: 1, b: 2 })).toBe(3);
      expect(app.get(MeshServer).addresses).toEqual([]);
    } finally {
      await app.close();
    }
  });

  it('is told so when it is made to listen', async () => {
    const app = await createApp({ options: { listen: false } });
    await expect(app.listen()).rejects.toMatchObject({
      code: MeshCode.INVALID_REQUEST,
      message: 'the mesh server cannot listen: the option listen is false',
    });
  });

  it('is told of an address that it cannot have', async () => {
    const { address } = await startApp({});
    const port = Number(address.split(':')[1]);
    const app = await createApp({ options: { listen: { host: '127.0.0.1', port } } });
    const told: unknown[] = [];
    app.get(MeshServer).on('error', (error) => told.push(error));

    await expect(app.listen()).rejects.toMatchObject({ code: MeshCode.ADDRESS_UNREACHABLE });
    expect(told).toHaveLength(1);
    expect(app.get(MeshServer).addresses).toEqual([]);
  });
});
