import { describe, expect, it } from 'vitest';
import { GrpcStatus, codeOfGrpcStatus, grpcStatusOf } from '../../../lib/errors/grpc-status.js';
import { codeOfHttpStatus, httpStatusOf } from '../../../lib/errors/http-status.js';
import { MeshCode } from '../../../lib/errors/mesh-code.js';

describe('the table of HTTP statuses', () => {
  it.each([
    [200, MeshCode.SUCCESS],
    [400, MeshCode.INVALID_REQUEST],
    [401, MeshCode.FORBIDDEN],
    [403, MeshCode.FORBIDDEN],
    [404, MeshCode.NOT_FOUND],
    [409, MeshCode.INVALID_REQUEST],
    [413, MeshCode.MESSAGE_TOO_LONG],
    [422, MeshCode.INVALID_REQUEST],
    [429, MeshCode.BUFFER_FULL],
    [499, MeshCode.CANCELLED],
    [500, MeshCode.SYSTEM_ERROR],
    [501, MeshCode.NO_SERVICE],
    [503, MeshCode.UNREACHABLE],
    [504, MeshCode.TIMEOUT],
    [599, MeshCode.SYSTEM_ERROR],
    [0, MeshCode.SYSTEM_ERROR],
  ])('%i is %s', (status, code) => {
    expect(codeOfHttpStatus(status)).toBe(code);
  });

  it('says every code, and the kind of it survives the way back', () => {
    for (const code of Object.values(MeshCode)) {
      const status = httpStatusOf(code);
      expect(httpStatusOf(codeOfHttpStatus(status)).toString()[0]).toBe(status.toString()[0]);
    }
  });

  it('says 500 for a code that only the peer knows', () => {
    expect(httpStatusOf('E0010000001')).toBe(500);
  });
});

describe('the table of gRPC statuses', () => {
  it.each([
    [GrpcStatus.OK, MeshCode.SUCCESS],
    [GrpcStatus.CANCELLED, MeshCode.CANCELLED],
    [GrpcStatus.UNKNOWN, MeshCode.SYSTEM_ERROR],
    [GrpcStatus.INVALID_ARGUMENT, MeshCode.INVALID_REQUEST],
    [GrpcStatus.DEADLINE_EXCEEDED, MeshCode.TIMEOUT],
    [GrpcStatus.NOT_FOUND, MeshCode.NOT_FOUND],
    [GrpcStatus.PERMISSION_DENIED, MeshCode.FORBIDDEN],
    [GrpcStatus.RESOURCE_EXHAUSTED, MeshCode.MESSAGE_TOO_LONG],
    [GrpcStatus.UNIMPLEMENTED, MeshCode.NO_SERVICE],
    [GrpcStatus.INTERNAL, MeshCode.SYSTEM_ERROR],
    [GrpcStatus.UNAVAILABLE, MeshCode.UNREACHABLE],
    [GrpcStatus.UNAUTHENTICATED, MeshCode.FORBIDDEN],
    [99, MeshCode.UNKNOWN],
  ])('%i is %s', (status, code) => {
    expect(codeOfGrpcStatus(status)).toBe(code);
  });

  it('says every code with a status of gRPC, and only success with OK', () => {
    for (const code of Object.values(MeshCode)) {
      expect(Object.values(GrpcStatus)).toContain(grpcStatusOf(code));
      expect(grpcStatusOf(code) === GrpcStatus.OK).toBe(code === MeshCode.SUCCESS);
    }
    expect(grpcStatusOf('E0010000001')).toBe(GrpcStatus.UNKNOWN);
  });
});
