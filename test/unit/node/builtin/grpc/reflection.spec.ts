import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MeshCode } from '../../../../../lib/errors/mesh-code.js';
import { MeshError } from '../../../../../lib/errors/mesh-error.js';
import { HEALTH_FILE, TRANSPORT_FILE } from '../../../../../lib/node/builtin/grpc/files.js';
import { bytesField, textField } from '../../../../../lib/node/builtin/grpc/protobuf-fields.js';
import { Reflection } from '../../../../../lib/node/builtin/grpc/reflection.js';
import type { CallHandler } from '../../../../../lib/transport/transport.js';
import { callOf } from './inbound.js';

const HEALTH = 'grpc.health.v1.Health';

const reflection = new Reflection([TRANSPORT_FILE, HEALTH_FILE], (path) => path.startsWith(`/${HEALTH}/`));
const ask = reflection.endpoints.get('/grpc.reflection.v1.ServerReflection/ServerReflectionInfo') as CallHandler;

describe('reflection', () => {
  it('lists the services of which a method is served', () => {
    expect(reflection.services()).toEqual([HEALTH]);
  });

  it('answers the last of several questions', async () => {
    const request = Buffer.concat([textField(3, 'no such file'), textField(7, '')]);
    const list = bytesField(6, bytesField(1, textField(1, HEALTH)));
    expect(await ask(callOf(request))).toEqual(Buffer.concat([textField(1, ''), bytesField(2, request), list]));
  });

  it('answers, or refuses with a code, whatever the message', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 64 }), async (bytes) => {
        const outcome = await ask(callOf(bytes)).catch((error: unknown) => error);
        return outcome instanceof MeshError ? outcome.code === MeshCode.ENCODING : Buffer.isBuffer(outcome);
      }),
    );
  });
});
