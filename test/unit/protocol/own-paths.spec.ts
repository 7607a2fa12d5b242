import { describe, expect, it } from 'vitest';
import { isOwnPath } from '../../../lib/protocol/own-paths.js';

describe('the paths of the node itself', () => {
  it.each([
    '/mesh-rpc/v1',
    '/mesh-rpc',
    '/mesh/invoke',
    '/mesh/invoke/',
    '/stats',
    '/v1/interconn',
    '/v1/interconn/registry/register',
    '/org.ppc.ptp.PrivateTransferProtocol/transport',
    '/grpc.health.v1.Health/Watch',
    '/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo',
  ])('are such as %s', (path) => {
    expect(isOwnPath(path)).toBe(true);
  });

  it.each([
    '/',
    '',
    '/v1',
    '/v1/interconnect',
    '/mesh',
    '/mesh/invoked',
    '/statistics',
    '/stats/a',
    '/grpc.health.v1.Other/Check',
  ])('are not such as %j', (path) => {
    expect(isOwnPath(path)).toBe(false);
  });
});
