import { Logger } from '@nestjs/common';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { MeshError } from '../../../../lib/errors/mesh-error.js';
import { MeshCode } from '../../../../lib/errors/mesh-code.js';
import { Enrolment } from '../../../../lib/node/registry/enrolment.js';
import { outgoingHost } from '../../../../lib/node/registry/outgoing-host.js';
import type { Registration } from '../../../../lib/registry/registration.js';
import { eventually } from '../../../support/eventually.js';
import { registrationOf } from '../../../support/registration-fixtures.js';

const registration = registrationOf('a:1', ['mesh.trust.apply']);

describe('Enrolment', () => {
  const describeIt = vi.fn(async () => registration);
  const put = vi.fn(async (_: Registration): Promise<void> => undefined);
  const remove = vi.fn(async (): Promise<void> => undefined);
  const warn = vi.fn();
  let enrolment: Enrolment;

  beforeEach(() => {
    vi.spyOn(Logger.prototype, 'warn').mockImplementation(warn);
    vi.spyOn(Logger.prototype, 'log').mockImplementation(() => undefined);
    enrolment = new Enrolment('node:570', 90, { describe: describeIt, put, remove });
  });

  afterEach(async () => {
    await enrolment.stop();
    vi.restoreAllMocks();
    for (const mock of [describeIt, put, remove, warn]) mock.mockReset();
    describeIt.mockImplementation(async () => registration);
    put.mockImplementation(async () => undefined);
    remove.mockImplementation(async () => undefined);
  });

  it('says at each renewal what holds by then', async () => {
    const later = registrationOf('b:2', []);
    describeIt.mockImplementationOnce(async () => registration).mockImplementation(async () => later);
    enrolment.start();
    await eventually('it has renewed', () => put.mock.calls.length >= 3);
    expect(put.mock.calls.slice(0, 3).map(([said]) => said)).toEqual([registration, later, later]);
    await enrolment.stop();
    expect(remove.mock.calls).toMatchObject([[later, { timeoutMs: 1_000 }]]);
  });

  it('takes nothing back that was not taken, and says nothing more once it has stopped', async () => {
    put.mockRejectedValue(new MeshError(MeshCode.ADDRESS_UNREACHABLE, 'nothing answers'));
    enrolment.start();
    await eventually('it asks again', () => put.mock.calls.length === 3);
    expect(warn).toHaveBeenCalledTimes(1);
    await enrolment.stop();
    const calls = put.mock.calls.length;
    await enrolment.stop();
    expect(put).toHaveBeenCalledTimes(calls);
    expect(remove).not.toHaveBeenCalled();
  });

  it('warns anew when the node is away another time', async () => {
    const away = new MeshError(MeshCode.UNREACHABLE, 'away');
    put.mockRejectedValueOnce(away).mockResolvedValueOnce(undefined).mockRejectedValueOnce(away);
    enrolment.start();
    await eventually('it is registered again', () => put.mock.calls.length >= 4);
    expect(warn).toHaveBeenCalledTimes(2);
  });

  it('goes on when it cannot tell where it is', async () => {
    describeIt.mockRejectedValueOnce(new Error('no such host'));
    enrolment.start();
    await eventually('it is registered', () => put.mock.calls.length === 1);
    expect(String(warn.mock.calls[0]?.[0])).toContain('no such host');
  });

  it('stops although the node does not take it back', async () => {
    remove.mockRejectedValue(new MeshError(MeshCode.TIMEOUT));
    enrolment.start();
    await eventually('it is registered', () => put.mock.calls.length > 0);
    await expect(enrolment.stop()).resolves.toBeUndefined();
  });

  it('does nothing when it is stopped before it began', async () => {
    await enrolment.stop();
    enrolment.start();
    await enrolment.stop();
    expect(put).not.toHaveBeenCalled();
  });
});

describe('outgoingHost', () => {
  it('is the loopback address towards the loopback address', async () => {
    await expect(outgoingHost('127.0.0.1:570')).resolves.toBe('127.0.0.1');
  });

  it('fails for a host that nobody knows', async () => {
    await expect(outgoingHost('nobody.invalid:570')).rejects.toThrow(/nobody\.invalid/);
  });
});
