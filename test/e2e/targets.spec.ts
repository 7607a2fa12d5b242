import { describe, expect, it, onTestFinished, vi } from 'vitest';
import {
  direct,
  directMany,
  MeshCode,
  MeshConsumer,
  MeshContext,
  MeshFacade,
  type MeshOptions,
  MeshProvider,
  type MeshService,
  Mpi,
} from 'nestjs-mesh';
import { caught } from '../support/caught.js';
import { startApp, startConsumer } from '../support/mesh-app.js';

@MeshFacade()
class Who {
  @Mpi('mesh.who.are', ['greeting']) are!: (greeting: string) => Promise<string>;
  @Mpi('mesh.who.asked') asked!: () => Promise<Record<string, unknown>>;
}

/** A provider that answers with a name. */
async function startNamed(name: string): Promise<string> {
  @MeshProvider(Who)
  class Named implements MeshService<Who> {
    are(greeting: string): string {
      if (greeting === 'fail') throw new Error(`${name} fails`);
      return name;
    }
    asked() {
      const { source, target, attachments, urn } = MeshContext.current()!;
      return { name, source, target, attachments, node: urn.split('.').at(-3) };
    }
  }
  const { address } = await startApp({ controllers: [Named], options: { name } });
  return address;
}

async function consumer(options: MeshOptions): Promise<Who> {
  return (await startApp({ facades: [Who], options })).client(Who);
}

const times = async (n: number, call: () => Promise<string>) => {
  const answers: string[] = [];
  for (let i = 0; i < n; i++) answers.push(await call());
  return answers;
};

describe('a call goes', () => {
  it('to each of several addresses in turn', async () => {
    const addresses = await Promise.all(['a', 'b', 'c'].map(startNamed));
    const who = await consumer({ services: [{ service: 'mesh.who.*', addresses }] });

    const answers = await times(9, () => who.are('you'));
    for (const name of ['a', 'b', 'c']) expect(answers.filter((one) => one === name)).toHaveLength(3);
  });

  it('to the node or institution that it names', async () => {
    const [mine, theirs] = await Promise.all(['mine', 'theirs'].map(startNamed));
    const who = await consumer({
      services: [
        { service: 'mesh.who.*', addresses: [mine!] },
        { service: 'mesh.who.*', addresses: [theirs!], nodeId: 'LX0000010000290', instId: 'JG0100002900000000' },
      ],
    });

    expect(await who.are('you')).toBe('mine');
    expect(await direct(who, { nodeId: 'lx0000010000290' }).are('you')).toBe('theirs');
    expect(await direct(who, { instId: 'JG0100002900000000' }).are('you')).toBe('theirs');
    expect(await who.are('you')).toBe('mine');
    expect(await direct(who, { nodeId: 'LX0000010000290' }).asked()).toMatchObject({
      node: 'lx0000010000290',
      source: { nodeId: 'LX0000000000000', instId: 'JG0000000000000000' },
      target: { nodeId: 'LX0000010000290', instId: '' },
    });
    expect(await who.asked()).toMatchObject({ target: { nodeId: 'lx0000000000000', instId: '' } });
  });

  it('to the very address that it names, wherever else the service is', async () => {
    const [a, b] = await Promise.all(['a', 'b'].map(startNamed));
    const who = await consumer({ addresses: [a!] });

    expect(await direct(who, { address: b! }).are('you')).toBe('b');
    expect(await direct(direct(who, { address: a! }), { address: b! }).are('you')).toBe('b');
    expect(await who.are('you')).toBe('a');
  });

  it('to the instances of the subset that it names', async () => {
    const [blue, green] = await Promise.all(['blue', 'green'].map(startNamed));
    const who = await consumer({
      subset: 'green',
      services: [
        { service: 'mesh.who.*', addresses: [blue!], subset: 'blue' },
        { service: 'mesh.who.*', addresses: [green!], subset: 'green' },
      ],
    });

    expect(await times(3, () => direct(who, { subset: 'blue' }).are('you'))).toEqual(['blue', 'blue', 'blue']);
    expect(await times(3, () => direct(who, { subset: 'green' }).are('you'))).toEqual(['green', 'green', 'green']);
    expect((await times(4, () => who.are('you'))).sort()).toEqual(['blue', 'blue', 'green', 'green']);
    expect(await caught(direct(who, { subset: 'red' }).are('you'))).toMatchObject({
      code: MeshCode.NO_INSTANCE,
      message: expect.stringContaining("no instance of 'mesh.who.are' at subset red"),
      neverSent: true,
    });
  });

  it('where MESH_ADDRESS and MESH_DIRECT say', async () => {
    const [a, b] = await Promise.all(['a', 'b'].map(startNamed));
    vi.stubEnv('MESH_ADDRESS', a!);
    vi.stubEnv('MESH_DIRECT', `mesh.who.are@LX0000010000290=${b!}`);
    onTestFinished(() => void vi.unstubAllEnvs());
    const who = await consumer({});

    expect(await who.are('you')).toBe('a');
    expect(await direct(who, { nodeId: 'LX0000010000290' }).are('you')).toBe('b');
    expect(await direct(who, { nodeId: 'LX0000010000290' }).asked()).toMatchObject({ name: 'a' });
  });

  it('nowhere when nothing says where', async () => {
    const who = await consumer({});
    expect(await caught(who.are('you'))).toMatchObject({ code: MeshCode.NO_INSTANCE, neverSent: true });
    expect(await caught(direct(who, { nodeId: 'LX9' }).are('you'))).toMatchObject({ code: MeshCode.NOT_IN_NETWORK });
    expect(await caught(direct(who, { address: 'no address' }).are('you'))).toMatchObject({
      code: MeshCode.ADDRESS_UNREACHABLE,
      message: expect.stringContaining("'no address'"),
    });
    expect(await caught(direct(who, { address: '127.0.0.1:1' }).are('you'))).toMatchObject({
      code: MeshCode.ADDRESS_UNREACHABLE,
      neverSent: true,
    });
  });
});

describe('a directed call', () => {
  it('has attachments of its own, united along the way', async () => {
    const address = await startNamed('a');
    const { client } = await startConsumer(address, { facades: [Who] });

    const once = direct(client(Who), { attachments: { Tenant: 't1', both: 'outer' } });
    const twice = direct(once, { attachments: { both: 'inner' } });
    expect(await twice.asked()).toMatchObject({ attachments: { tenant: 't1', both: 'inner' } });
    expect(await once.asked()).toMatchObject({ attachments: { tenant: 't1', both: 'outer' } });
    const { attachments } = await client(Who).asked();
    expect(attachments).toEqual({});
  });

  it('is refused for what is no client', () => {
    expect(() => direct({ are: () => Promise.resolve('me') }, {})).toThrow(
      'only a client injected with @MeshConsumer can be directed, got Object',
    );
  });
});

describe('a call to many', () => {
  it('ends with one result or error for each, in their order', async () => {
    const [a, b] = await Promise.all(['a', 'b'].map(startNamed));
    const who = await consumer({});

    const targets = [{ address: a! }, { address: '127.0.0.1:1' }, { address: b!, timeoutMs: 5_000 }];
    const results = await directMany(who, targets).are('you');
    expect(results).toEqual([
      { target: targets[0], value: 'a' },
      { target: targets[1], error: expect.objectContaining({ code: MeshCode.ADDRESS_UNREACHABLE }) },
      { target: targets[2], value: 'b' },
    ]);
    const failures = await directMany(who, [{ address: a! }, { address: b! }]).are('fail');
    expect(failures.map(({ error }) => error?.message)).toEqual(['a fails', 'b fails']);
    expect(await directMany(who, []).are('you')).toEqual([]);
  });

  it('takes options for all, under those of each', async () => {
    const [a, b] = await Promise.all(['a', 'b'].map(startNamed));
    const who = await consumer({});

    const targets = [{ address: a! }, { address: b!, attachments: { both: 'own' } }];
    const results = await directMany(who, targets, { attachments: { all: 'yes', both: 'all' } }).asked();
    expect(results.map(({ value }) => value?.['attachments'])).toEqual([
      { all: 'yes', both: 'all' },
      { all: 'yes', both: 'own' },
    ]);
  });
});

describe('a facade injected several times', () => {
  it('keeps each target apart', async () => {
    const [a, b, c] = await Promise.all(['a', 'b', 'c'].map(startNamed));
    class Asker {
      constructor(
        @MeshConsumer(Who) readonly plain: Who,
        @MeshConsumer(Who, { nodeId: 'LX0000010000290' }) readonly theirs: Who,
        @MeshConsumer(Who, { nodeId: 'LX0000010000300', attachments: { tenant: 't1' } }) readonly others: Who,
      ) {}
      @MeshConsumer(Who, { nodeId: 'LX0000010000290' }) readonly again!: Who;
    }
    const services = [
      { service: 'mesh.who.*', addresses: [a!] },
      { service: 'mesh.who.*', addresses: [b!], nodeId: 'LX0000010000290' },
      { service: 'mesh.who.*', addresses: [c!], nodeId: 'LX0000010000300' },
    ];
    const { app } = await startApp({ facades: [Who], providers: [Asker], options: { services } });
    const { plain, theirs, others, again } = app.get(Asker);

    expect(await Promise.all([plain, theirs, others, again].map((who) => who.are('you')))).toEqual([
      'a',
      'b',
      'c',
      'b',
    ]);
    expect(again).toBe(theirs);
    expect(await others.asked()).toMatchObject({ name: 'c', attachments: { tenant: 't1' } });
    expect(await direct(theirs, { nodeId: 'LX0000010000300' }).are('you')).toBe('c');
  });
});
