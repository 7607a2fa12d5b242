import { describe, expect, it } from 'vitest';
import { direct, MeshContext, MeshFacade, MeshProvider, type MeshService, Mpi } from 'nestjs-mesh';
import { startApp, startConsumer } from '../support/mesh-app.js';

interface Seen {
  readonly trace: string;
  readonly attachments: Readonly<Record<string, string>>;
  readonly source: string;
  readonly target: string;
  readonly remainingMs: number;
}

@MeshFacade()
class Witness {
  @Mpi('mesh.witness.see') see!: () => Promise<Seen>;
}

@MeshProvider(Witness)
class WitnessController implements MeshService<Witness> {
  see(): Seen {
    const { traceId: trace, attachments, source, target, remainingMs } = MeshContext.current()!;
    return { trace, attachments, source: source.nodeId, target: target.instId, remainingMs };
  }
}

const TRACEPARENT = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

/** Calls that share a stream share its headers; nothing of one call may be seen in another. */
describe.each(['auto', 'stream'] as const)('calls that follow each other on one stream, in mode %s', (mode) => {
  async function connect(): Promise<Witness> {
    const { address } = await startApp({ controllers: [WitnessController] });
    const options = { use: { transport: 'grpc' }, grpc: { mode }, nodeId: 'LX0000000000007' };
    return (await startConsumer(address, { facades: [Witness], options })).client(Witness);
  }

  it('keep their own token, trace context and attachments', async () => {
    const witness = await connect();
    const secret = { 'x-ptp-token': 'secret', 'x-ptp-session-id': 's1', traceparent: TRACEPARENT, colour: 'red' };
    for (let round = 0; round < 3; round++) {
      const first = await direct(witness, { attachments: secret }).see();
      expect(first.attachments).toMatchObject(secret);
      const second = await witness.see();
      for (const name of Object.keys(secret)) expect(second.attachments).not.toHaveProperty(name);
      expect(second.trace).not.toBe(first.trace);
      const third = await direct(witness, { attachments: { 'x-ptp-token': 'other' } }).see();
      expect(third.attachments).toMatchObject({ 'x-ptp-token': 'other' });
    }
  });

  it('keep their own target and deadline', async () => {
    const witness = await connect();
    for (let round = 0; round < 3; round++) {
      expect((await direct(witness, { instId: 'JG1', timeoutMs: 50_000 }).see()).target).toBe('JG1');
      const plain = await direct(witness, { timeoutMs: 3_000 }).see();
      expect(plain).toMatchObject({ target: '', source: 'LX0000000000007' });
      expect(plain.remainingMs).toBeLessThanOrEqual(3_000);
      expect((await direct(witness, { timeoutMs: 50_000 }).see()).remainingMs).toBeGreaterThan(30_000);
    }
  });
});
