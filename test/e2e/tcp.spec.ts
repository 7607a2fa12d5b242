import { describe, expect, it } from 'vitest';
import {
  bytes,
  direct,
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
  forbid(): void {
    throw new MeshError(MeshCode.FORBIDDEN, 'not you');
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
    expect(await caught(vault.forbid())).toMatchObject({ code: MeshCode.FORBIDDEN, message: 'not you' });
    expect(await vault.trace()).not.toBe(await vault.trace());
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
