import { Injectable } from '@nestjs/common';
import { Ctx } from '@nestjs/microservices';
import { setTimeout as sleep } from 'node:timers/promises';
import { from, mergeMap, type Observable } from 'rxjs';
import { describe, expect, it } from 'vitest';
import {
  direct,
  MeshCode,
  MeshConsumer,
  MeshContext,
  MeshFacade,
  MeshProvider,
  type MeshService,
  Mpi,
  RunMode,
} from 'nestjs-mesh';
import { CONSUMER_FILTER, type CallNext, type ConsumerCall, type ConsumerFilter, MeshExtension } from 'nestjs-mesh/spi';
import { caught } from '../support/caught.js';
import { eventually } from '../support/eventually.js';
import { startApp, startConsumer, type TestApp } from '../support/mesh-app.js';
import { wires } from '../support/wires.js';

interface Seen {
  readonly trace: string;
  readonly span: string;
  readonly service: string;
  readonly attachments: Readonly<Record<string, string>>;
  readonly source: string;
  readonly below?: readonly Seen[];
}

@MeshFacade()
class Leaf {
  @Mpi('mesh.leaf.see') see!: () => Promise<Seen>;
}

@MeshFacade()
class Branch {
  @Mpi('mesh.branch.see', ['calls']) see!: (calls: number) => Promise<Seen>;
  @Mpi('mesh.branch.stream', ['calls']) stream!: (calls: number) => Promise<Seen>;
  @Mpi('mesh.branch.detach') detach!: () => Promise<string>;
}

function look(): Seen {
  const { traceId, spanId, service, attachments, source } = MeshContext.current()!;
  return { trace: traceId, span: spanId, service, attachments, source: source.nodeId };
}

/** Something far below a handler, which nobody hands the context to. */
@Injectable()
class DeepDown {
  constructor(
    private readonly context: MeshContext,
    @MeshConsumer(Leaf) readonly leaf: Leaf,
  ) {}

  async look(): Promise<Seen> {
    await sleep(1);
    const { traceId: trace, spanId: span, service, attachments, source } = this.context;
    return { trace, span, service, attachments, source: source.nodeId };
  }

  async ask(calls: number): Promise<Seen[]> {
    const below: Seen[] = [];
    for (let i = 0; i < calls; i++) below.push(await this.leaf.see());
    return below;
  }
}

@MeshProvider(Leaf)
class LeafController implements MeshService<Leaf> {
  see(): Seen {
    return look();
  }
}

@MeshProvider(Branch)
class BranchController implements MeshService<Branch> {
  readonly detached: Promise<Seen>[] = [];
  constructor(private readonly deep: DeepDown) {}

  async see(calls: number, @Ctx() context?: MeshContext): Promise<Seen> {
    expect(context).toBe(MeshContext.current());
    const below = await this.deep.ask(calls);
    return { ...(await this.deep.look()), below };
  }
  stream(calls: number): Observable<Seen> {
    return from(sleep(1)).pipe(mergeMap(async () => ({ ...look(), below: await this.deep.ask(calls) })));
  }
  detach(): string {
    this.detached.push(sleep(30).then(() => direct(this.deep.leaf, { detached: true }).see()));
    return MeshContext.current()!.traceId;
  }
}

const tree = { controllers: [BranchController, LeafController], providers: [DeepDown], facades: [Leaf] };

/** Three applications: what is asked of the last one passes the middle one. */
async function startThree(): Promise<{ branch: Branch; middle: TestApp }> {
  const last = await startApp({ controllers: [LeafController], options: { nodeId: 'LX0000000000003' } });
  const middle = await startConsumer(last.address, {
    ...tree,
    controllers: [BranchController],
    options: { nodeId: 'LX0000000000002' },
  });
  const first = await startConsumer(middle.address, { facades: [Branch], options: { nodeId: 'LX0000000000001' } });
  return { branch: first.client(Branch), middle };
}

describe('the context of a call', () => {
  it('goes on to the calls below: one trace, and spans that count', async () => {
    const { branch } = await startThree();

    const seen = await branch.see(2);
    expect(seen).toMatchObject({ span: '0', service: 'mesh.branch.see', source: 'LX0000000000001' });
    expect(seen.trace).toMatch(/^[0-9A-F]{8}\d{10,}$/);
    expect(seen.below).toMatchObject([
      { trace: seen.trace, span: '0.1', service: 'mesh.leaf.see', source: 'LX0000000000002' },
      { trace: seen.trace, span: '0.2', service: 'mesh.leaf.see', source: 'LX0000000000002' },
    ]);
    expect((await branch.see(0)).trace).not.toBe(seen.trace);
  });

  it('is there when the handler is an Observable', async () => {
    const { branch } = await startThree();
    const seen = await branch.stream(1);
    expect(seen).toMatchObject({ span: '0', below: [{ trace: seen.trace, span: '0.1' }] });
  });

  it('carries attachments and traceparent all the way', async () => {
    const { branch } = await startThree();
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

    const seen = await direct(branch, { attachments: { Tenant: 't1', traceparent } }).see(1);
    expect(seen.attachments).toEqual({ tenant: 't1', traceparent });
    expect(seen.below![0]!.attachments).toEqual({ tenant: 't1', traceparent });
    const malformed = await direct(branch, { attachments: { traceparent: '00-zz' } }).see(1);
    expect(malformed.attachments).toEqual({});
  });

  it('does not outlive its call, unless work is detached from it', async () => {
    const { branch, middle } = await startThree();
    const trace = await branch.detach();
    const { detached } = middle.app.get(BranchController);
    const seen = await detached[0];
    expect(seen).toMatchObject({ trace, span: '0.1' });
  });

  it('is not there outside of a call', async () => {
    const { app } = await startApp(tree);
    expect(MeshContext.current()).toBeUndefined();
    const error = await caught(app.get(DeepDown).look());
    expect(error).toMatchObject({
      code: MeshCode.INVALID_REQUEST,
      message: 'MeshContext.traceId was read outside of a call; use MeshContext.current() where there may be none',
    });
  });

  it('is injected as a MeshContext with all that it has', async () => {
    @MeshFacade()
    class Inspected {
      @Mpi('mesh.inspected.all') all!: () => Promise<unknown>;
    }
    @MeshProvider(Inspected)
    class InspectedController {
      constructor(private readonly context: MeshContext) {}
      all() {
        const { context } = this;
        return {
          isContext: context instanceof MeshContext,
          runMode: context.runMode,
          remains: context.remainingMs > 0,
          aborted: context.signal.aborted,
          next: [context.nextSpanId(), context.nextSpanId()],
          run: context.run(() => MeshContext.current() !== undefined),
          args: context.getArgs(),
        };
      }
    }
    const app = await startApp({ controllers: [InspectedController], facades: [Inspected] });
    expect(await app.client(Inspected).all()).toEqual({
      isContext: true,
      runMode: RunMode.ROUTINE,
      remains: true,
      aborted: false,
      next: ['0.1', '0.2'],
      run: true,
      args: [],
    });
  });
});

describe.each(wires)('calls at the same time over $name', ({ connect }) => {
  it('do not mix', async () => {
    const branch = await connect(Branch, tree);

    const numbers = Array.from({ length: 40 }, (_, index) => index);
    const seen = await Promise.all(
      numbers.map((n) => direct(branch, { attachments: { number: String(n) } })[n % 2 ? 'see' : 'stream'](2)),
    );
    for (const [n, one] of seen.entries()) {
      expect(one.attachments).toEqual({ number: String(n) });
      expect(one.below).toMatchObject([
        { trace: one.trace, span: '0.1', attachments: { number: String(n) } },
        { trace: one.trace, span: '0.2', attachments: { number: String(n) } },
      ]);
    }
    expect(new Set(seen.map(({ trace }) => trace)).size).toBe(numbers.length);
  });
});

describe('the context of an outgoing call', () => {
  it('is a child of the one around it, which consumer filters see', async () => {
    const seen: [outer: string | undefined, own: string][] = [];
    @MeshExtension(CONSUMER_FILTER, 'noting')
    class Noting implements ConsumerFilter {
      filter(call: ConsumerCall, next: CallNext<ConsumerCall>): Promise<unknown> {
        seen.push([MeshContext.current()?.spanId, call.context.spanId]);
        return next(call);
      }
    }
    const app = await startApp({ ...tree, providers: [DeepDown, Noting], facades: [Leaf, Branch] });
    await app.client(Branch).see(1);
    await eventually('both are seen', () => seen.length === 2);
    expect(seen).toEqual([
      [undefined, '0'],
      ['0', '0.1'],
    ]);
  });
});
