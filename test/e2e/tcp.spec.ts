import { describe, expect, it } from 'vitest';
import {
  bytes,
  direct,
  int64,
  MeshCode,
  MeshContext,
  MeshError,
  MeshFacade,
  MeshProvider,
  type MeshService,
  Mpi,
} from 'nestjs-mesh';
import { caught } from '../support/caught.js';
import { eventually } from '../support/eventually.js';
import { startApp, startConsumer } from '../support/mesh-app.js';

@MeshFacade()
class Vault {
  @Mpi('mesh.vault.turn', [bytes('data')], { returns: bytes() }) turn!: (data: Uint8Array) => Promise<Uint8Array>;
  @Mpi('mesh.vault.add', [int64('n')], { returns: int64() }) add!: (n: bigint) => Promise<bigint>;
  @Mpi('mesh.vault.untyped', ['value']) untyped!: (value: unknown) => Promise<unknown>;
  @Mpi('mesh.vault.forbid') forbid!: () => Promise<void>;
  @Mpi('mesh.vault.wait') wait!: () => Promise<void>;
  @Mpi('mesh.vault.trace') trace!: () => Promise<string>;
}

/** Calls that wait, or did. */
const waits = { arrived: 0, aborted: 0 };

@MeshProvider(Vault)
class VaultController implements MeshService<Vault> {
  turn(data: Uint8Array): Uint8Array {
    return Buffer.from(data).toReversed();
  }
  add(n: bigint): bigint {
    return n + 1n;
  }
  untyped(value: unknown): unknown {
    return { value, kind: typeof value, attachments: { ...MeshContext.current()!.attachments } };
  }
  forbid(): void {
    throw new MeshError(MeshCode.FORBIDDEN, 'not you', { details: ['by day', 'by night'] });
  }
  wait(): Promise<void> {
    const { signal } = MeshContext.current()!;
    waits.arrived++;
    return new Promise((resolve) => signal.addEventListener('abort', () => resolve(void waits.aborted++)));
  }
  trace(): string {
    return MeshContext.current()!.traceId;
  }
}

describe('calls over the transport tcp', () => {
  async function connect(): Promise<Vault> {
    const { address } = await startApp({ controllers: [VaultController] });
    return (await startConsumer(address, { facades: [Vault], options: { use: { transport: 'tcp' } } })).client(Vault);
  }

  it('carry arguments and answers of any size, errors, and the context', async () => {
    const vault = await connect();
    for (const size of [0, 100, 20_000, 1_000_000]) {
      const data = Buffer.alloc(size, 'mesh');
      expect(Buffer.from(await vault.turn(data)).equals(Buffer.from(data).toReversed())).toBe(true);
    }
    expect(await vault.add(2n ** 60n)).toBe(2n ** 60n + 1n);
    const details = ['by day', 'by night'];
    expect(await caught(vault.forbid())).toMatchObject({ code: MeshCode.FORBIDDEN, message: 'not you', details });
    expect(await vault.trace()).not.toBe(await vault.trace());
  });

  it('say the same from the first on, though the peer is known only once it has greeted', async () => {
    const vault = await connect();
    const attachments = {
      colour: 'blue',
      'x-ptp-session-id': 's1',
      traceparent: `00-${'1'.repeat(32)}-${'2'.repeat(16)}-01`,
    };
    const data = Buffer.alloc(1_000, 'x');
    const call = () => direct(vault, { attachments }).untyped(data);
    const first = await call();
    expect(first).toEqual({ value: data.toString('base64'), kind: 'string', attachments });
    expect(await Promise.all([call(), call()])).toEqual([first, first]);
  });

  it('end at their deadline, and when they are cancelled, for the provider, too', async () => {
    const vault = await connect();
    await vault.trace();
    expect((await caught(direct(vault, { timeoutMs: 300 }).wait())).code).toBe(MeshCode.TIMEOUT);
    const abort = new AbortController();
    const waiting = caught(direct(vault, { signal: abort.signal }).wait());
    await eventually('both calls have arrived', () => waits.arrived === 2);
    abort.abort();
    expect((await waiting).code).toBe(MeshCode.CANCELLED);
    await eventually('the provider is told of both', () => waits.aborted === 2);
  });
});
