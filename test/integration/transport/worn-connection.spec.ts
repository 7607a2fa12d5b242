import { describe, expect, it, onTestFinished } from 'vitest';
import { Cancellation } from '../../../lib/context/cancellation.js';
import { MeshCode } from '../../../lib/errors/mesh-code.js';
import { MeshError } from '../../../lib/errors/mesh-error.js';
import { GrpcTransport } from '../../../lib/transport/grpc/grpc-transport.js';
import { eventually } from '../../support/eventually.js';
import { failureOf, outbound, transportOptions } from '../../support/transport-fixtures.js';

// Enough resets for a connection to be replaced by another, see ResetBudget.
const MANY = 700;

describe('calls on a connection that many cancelled calls have worn, and that another one replaces', () => {
  it('fail at once when the connection to that address is destroyed', async () => {
    let seen = 0;
    const transport = new GrpcTransport(transportOptions({ mode: 'unary' }));
    const hang = (): Promise<never> => (seen++, new Promise<never>(() => undefined));
    const listener = await transport.listen({ host: '127.0.0.1', port: 0 }, () => hang);
    onTestFinished(() => listener.destroy());
    const connection = transport.dial(listener.address);

    const beside = failureOf(connection.call(outbound({ timeoutMs: 60_000 })));
    const cancellation = new Cancellation();
    const cancelled = Array.from({ length: MANY }, () => failureOf(connection.call(outbound({ cancellation }))));
    await eventually('all calls arrive', () => seen === MANY + 1);
    cancellation.cancel(new MeshError(MeshCode.CANCELLED, 'enough'));
    await Promise.all(cancelled);
    const after = failureOf(connection.call(outbound({ timeoutMs: 60_000 })));
    await eventually('the call on the other connection arrives', () => seen === MANY + 2);

    connection.destroy();
    expect((await beside).code).toBe(MeshCode.UNREACHABLE);
    expect((await after).code).toBe(MeshCode.UNREACHABLE);
  });
});
