import { describe, expect, it } from 'vitest';
import { MeshCode } from '../../../../lib/errors/mesh-code.js';
import { MeshError } from '../../../../lib/errors/mesh-error.js';
import { SessionCalls, type SessionIdentity } from '../../../../lib/session/handle/session-calls.js';
import type { SessionWait } from '../../../../lib/session/session-service.js';
import { caught } from '../../../support/caught.js';

const identity: SessionIdentity = {
  session: 's',
  parties: { sourceNodeId: '', sourceInstId: '', targetNodeId: '', targetInstId: '' },
  token: '',
  providerCode: '',
  traceId: undefined,
};

/** Pushes by a way on which every call fails alike. */
async function pushFailing(failure: MeshError): Promise<{ readonly waits: SessionWait[]; readonly thrown: MeshError }> {
  const waits: SessionWait[] = [];
  const port = {
    call: (_request: unknown, wait: SessionWait) => {
      waits.push(wait);
      return Promise.reject(failure);
    },
  };
  const calls = new SessionCalls(identity, port);
  return { thrown: await caught(calls.push({ topic: '', payload: new Uint8Array(1), timeoutMs: 100 })), waits };
}

describe('a push', () => {
  it.each([
    new MeshError(MeshCode.UNREACHABLE, 'lost'),
    new MeshError(MeshCode.ADDRESS_UNREACHABLE, 'nobody is there', { neverSent: true }),
  ])('that got lost is repeated within the one deadline: %s', async (failure) => {
    const { waits, thrown } = await pushFailing(failure);
    expect(thrown).toBe(failure);
    expect(waits).toHaveLength(4);
    expect(new Set(waits.map(({ deadline }) => deadline)).size).toBe(1);
  });

  it('whose time has passed is not repeated, though it was never sent', async () => {
    const { waits } = await pushFailing(new MeshError(MeshCode.TIMEOUT, 'still connecting', { neverSent: true }));
    expect(waits).toHaveLength(1);
  });
});
