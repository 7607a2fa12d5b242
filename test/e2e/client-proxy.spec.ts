import { Inject, Injectable, Logger } from '@nestjs/common';
import { type ClientProxy, ClientProxyFactory, ClientsModule } from '@nestjs/microservices';
import { firstValueFrom, lastValueFrom, NEVER, type Observable } from 'rxjs';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import {
  MeshClient,
  MeshClientProxy,
  MeshCode,
  MeshContext,
  MeshError,
  MeshFacade,
  MeshModule,
  MeshProvider,
  type MeshService,
  Mpi,
} from 'nestjs-mesh';
import { caught } from '../support/caught.js';
import { eventually } from '../support/eventually.js';
import { startApp } from '../support/mesh-app.js';

@MeshFacade()
class Desk {
  @Mpi('mesh.desk.ask', ['what']) ask!: (what: string) => Promise<string>;
  @Mpi('mesh.desk.hang') hang!: () => Promise<void>;
  @Mpi('mesh.desk.show') show!: () => Promise<Record<string, string>>;
}

async function startDesk() {
  const seen: string[] = [];
  @MeshProvider(Desk)
  class DeskController implements MeshService<Desk> {
    ask(what: string): string {
      if (what === 'fail') throw new MeshError(MeshCode.NOT_FOUND, 'no answer', { details: ['to fail'] });
      return `about ${what}`;
    }
    hang(): Observable<never> {
      seen.push('begun');
      MeshContext.current()!.signal.addEventListener('abort', () => seen.push('cancelled'));
      return NEVER;
    }
    show(): Record<string, string> {
      return MeshContext.current()!.attachments;
    }
  }
  const { address, app } = await startApp({ controllers: [DeskController], facades: [Desk] });
  return { address, app, seen };
}

async function startProxy(): Promise<{ proxy: MeshClientProxy; address: string; seen: string[] }> {
  const { address, seen } = await startDesk();
  const proxy = new MeshClientProxy({ addresses: [address] });
  onTestFinished(() => proxy.close());
  return { proxy, address, seen };
}

describe('the client proxy', () => {
  it('sends, and connects by itself', async () => {
    const { proxy } = await startProxy();
    expect(await lastValueFrom(proxy.send('mesh.desk.ask', { what: 'tea' }))).toBe('about tea');
    expect(await caught(lastValueFrom(proxy.send('mesh.desk.ask', { what: 'fail' })))).toMatchObject({
      code: MeshCode.NOT_FOUND,
      details: ['to fail'],
    });
  });

  it('emits, whether anybody looks or not', async () => {
    const { proxy } = await startProxy();
    await firstValueFrom(proxy.emit('mesh.desk.ask', { what: 'tea' }), { defaultValue: 'done' });
    expect(await caught(lastValueFrom(proxy.emit('mesh.desk.unknown', {})))).toMatchObject({
      code: MeshCode.NO_SERVICE,
    });
  });

  it('directs by a pattern that is an object', async () => {
    const { proxy, address } = await startProxy();
    const elsewhere = { service: 'mesh.desk.ask', address: '127.0.0.1:1', timeoutMs: 500 };
    expect((await caught(lastValueFrom(proxy.send(elsewhere, { what: 'tea' })))).code).toBe(
      MeshCode.ADDRESS_UNREACHABLE,
    );
    const there = { service: 'mesh.desk.ask', address };
    expect(await lastValueFrom(proxy.send(there, { what: 'tea' }))).toBe('about tea');
  });

  it.each([
    [5, {}, /^a pattern must name a service such as 'mesh.trust.apply', or be an object with a 'service', got 5$/],
    [{ cmd: 'x' }, {}, /^a pattern must name a service .* got {"cmd":"x"}$/],
    ['mesh.desk.ask', ['tea'], /^the data sent to 'mesh.desk.ask' must be an object .* got a list$/],
    ['mesh.desk.ask', 'tea', /^the data sent to 'mesh.desk.ask' must be an object .* got string$/],
    ['mesh.desk.ask', { attachments: {} }, /^an argument of mesh.desk.ask cannot be named 'attachments'/],
    ['mesh desk', {}, /^invalid URN/],
  ])('refuses the pattern %j with the data %j', async (pattern, data, message) => {
    const { proxy } = await startProxy();
    const error = await caught(lastValueFrom(proxy.send(pattern, data)));
    expect(error.code).toBe(MeshCode.INVALID_REQUEST);
    expect(error.message).toMatch(message);
  });

  it('cancels what is unsubscribed from', async () => {
    const { proxy, seen } = await startProxy();
    const subscription = proxy.send('mesh.desk.hang', {}).subscribe();
    await eventually('the handler runs', () => seen.includes('begun'));
    subscription.unsubscribe();
    await eventually('the handler is cancelled', () => seen.includes('cancelled'));
  });

  it('sends what the dispatch hook adds', async () => {
    const { proxy } = await startProxy();
    proxy.setOnDispatchHook((packet) => {
      packet.metadata = { tenant: 't1', both: 'hook' };
    });
    const pattern = { service: 'mesh.desk.show', attachments: { both: 'pattern', own: 'yes' } };
    expect(await lastValueFrom(proxy.send(pattern, {}))).toEqual({ tenant: 't1', both: 'hook', own: 'yes' });
  });

  it('tells of its state, and begins anew after it was closed', async () => {
    const { proxy } = await startProxy();
    const states: string[] = [];
    const events: string[] = [];
    proxy.status.subscribe((status) => states.push(status));
    proxy.on('connected', () => events.push('connected'));
    proxy.on('closed', () => events.push('closed'));

    expect(() => proxy.unwrap()).toThrow(expect.objectContaining({ code: MeshCode.INVALID_REQUEST }));
    const client = await proxy.connect();
    expect(client).toBeInstanceOf(MeshClient);
    expect(await proxy.connect()).toBe(client);
    expect(proxy.unwrap()).toBe(client);
    await proxy.close();
    await proxy.close();
    expect(await lastValueFrom(proxy.send('mesh.desk.ask', { what: 'tea' }))).toBe('about tea');
    expect(states).toEqual(['connected', 'closed', 'connected']);
    expect(events).toEqual(['connected', 'closed', 'connected']);
  });

  it('says what is wrong with its options when it connects, and may try again', async () => {
    const proxy = new MeshClientProxy({ timeoutMs: -1 });
    for (let attempt = 0; attempt < 2; attempt++) {
      expect(await caught(proxy.connect())).toMatchObject({
        code: MeshCode.INVALID_REQUEST,
        message: expect.stringMatching(/^timeoutMs must be/),
      });
    }
    await proxy.close();
  });

  it('leaves the logger of the application alone', async () => {
    const { proxy } = await startProxy();
    const logger = { log: vi.fn<() => void>(), error: vi.fn<() => void>(), warn: vi.fn<() => void>() };
    Logger.overrideLogger(logger);
    onTestFinished(() => Logger.overrideLogger(false));

    await proxy.connect();
    new Logger('after').warn('heard');
    expect(logger.warn).toHaveBeenCalledWith('heard', 'after');
  });
});

describe('ClientsModule', () => {
  @Injectable()
  class Asker {
    constructor(@Inject('DESK') readonly desk: ClientProxy) {}
  }

  it('makes a proxy with a mesh of its own, and closes it', async () => {
    const { address } = await startDesk();
    const { app } = await startApp({
      providers: [Asker],
      imports: [
        ClientsModule.register([
          { name: 'DESK', customClass: MeshClientProxy, options: { name: 'asker', addresses: [address] } },
        ]),
      ],
    });
    const { desk } = app.get(Asker);
    expect(await lastValueFrom(desk.send('mesh.desk.ask', { what: 'tea' }))).toBe('about tea');
    const states: string[] = [];
    desk.status.subscribe((status) => states.push(status));
    await app.close();
    await eventually('the proxy is closed', () => states.includes('closed'));
  });

  it('makes a proxy out of the client that is there', async () => {
    const { address } = await startDesk();
    const { app } = await startApp({
      options: { addresses: [address] },
      providers: [Asker],
      imports: [
        ClientsModule.registerAsync([
          {
            name: 'DESK',
            inject: [MeshClient],
            useFactory: (client: MeshClient) => ({ customClass: MeshClientProxy, options: { client } }),
          },
        ]),
      ],
    });
    const { desk } = app.get(Asker);
    expect(() => desk.unwrap()).toThrow();
    expect(await desk.connect()).toBe(app.get(MeshClient));
    expect(desk.unwrap()).toBe(app.get(MeshClient));
    expect(await lastValueFrom(desk.send('mesh.desk.ask', { what: 'tea' }))).toBe('about tea');
  });

  it('is not needed: the factory of proxies does', async () => {
    const { address } = await startDesk();
    const proxy = ClientProxyFactory.create({ customClass: MeshClientProxy, options: { addresses: [address] } });
    onTestFinished(() => proxy.close());
    expect(await lastValueFrom(proxy.send('mesh.desk.ask', { what: 'tea' }))).toBe('about tea');
  });
});

describe('MeshClient', () => {
  it('calls services by name', async () => {
    const { address } = await startDesk();
    const { app } = await startApp({ imports: [MeshModule.forFeature([])], options: { addresses: [address] } });
    const client = app.get(MeshClient);

    expect(await client.call('mesh.desk.ask', { what: 'tea' })).toBe('about tea');
    expect(await client.call('mesh.desk.show', {}, { attachments: { a: 'b' } })).toEqual({ a: 'b' });
    expect((await caught(client.call('mesh.desk.nothing', {}))).code).toBe(MeshCode.NO_SERVICE);
    expect((await caught(client.call('', {}))).code).toBe(MeshCode.INVALID_REQUEST);
    expect((await caught(client.call('mesh.desk.ask', { what: 'tea' }, { timeoutMs: 0 }))).message).toBe(
      'timeoutMs of mesh.desk.ask must be a positive number of milliseconds, got 0',
    );
  });
});
