import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MeshCode } from '../../../../../lib/errors/mesh-code.js';
import { MeshError } from '../../../../../lib/errors/mesh-error.js';
import { Health } from '../../../../../lib/node/builtin/grpc/health.js';
import { textField } from '../../../../../lib/node/builtin/grpc/protobuf-fields.js';
import type { CallHandler, StreamEndpoint } from '../../../../../lib/transport/transport.js';
import { caught } from '../../../../support/caught.js';
import { callOf, streamOf } from './inbound.js';

const SERVING = Buffer.from([8, 1]);
const NOT_SERVING = Buffer.from([8, 2]);

function make() {
  const health = new Health((service) => service === 'known');
  const check = health.endpoints.get('/grpc.health.v1.Health/Check') as CallHandler;
  const { stream: watch } = health.endpoints.get('/grpc.health.v1.Health/Watch') as StreamEndpoint;
  return { health, check, watch };
}

const gone = (): MeshError => new MeshError(MeshCode.CANCELLED, 'gone');

describe('health', () => {
  it('ends when the application begins to close, and can be asked for still', async () => {
    const { health, check } = make();
    const ask = () => check(callOf(textField(1, 'known')));
    expect(await ask()).toEqual(SERVING);
    health.leave();
    health.leave();
    expect(await ask()).toEqual(NOT_SERVING);
    expect(await check(callOf(Buffer.alloc(0)))).toEqual(NOT_SERVING);
    expect((await caught(check(callOf(textField(1, 'other'))))).code).toBe(MeshCode.NOT_FOUND);
  });

  it('is told to those who watch before the connection is about to close, and their stream stays', async () => {
    const { health, watch } = make();
    const stream = streamOf(textField(1, 'known'));
    let over = false;
    const watching = watch(stream).then(() => (over = true));
    await new Promise(setImmediate);
    health.leave();
    await new Promise(setImmediate);
    expect(stream.sent).toEqual([SERVING, NOT_SERVING]);
    expect(over).toBe(false);
    stream.draining.cancel(gone());
    await watching;
  });

  it('is told once to one who comes late', async () => {
    const { health, watch } = make();
    health.leave();
    const stream = streamOf(Buffer.alloc(0));
    const watching = watch(stream);
    await new Promise(setImmediate);
    expect(stream.sent).toEqual([NOT_SERVING]);
    stream.draining.cancel(gone());
    await watching;
    expect(stream.sent).toEqual([NOT_SERVING]);
  });

  it('is not told to one who has gone away', async () => {
    const { watch } = make();
    const stream = streamOf(Buffer.alloc(0));
    const watching = watch(stream);
    await new Promise(setImmediate);
    stream.cancellation.cancel(gone());
    await watching;
    expect(stream.sent).toEqual([SERVING]);
  });

  it('is asked for by a message', async () => {
    expect((await caught(make().watch(streamOf()))).code).toBe(MeshCode.INVALID_REQUEST);
  });

  it('is told, or refused with a code, whatever the message', async () => {
    const { check } = make();
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 64 }), async (bytes) => {
        const codes = [MeshCode.ENCODING, MeshCode.NOT_FOUND, MeshCode.INVALID_REQUEST] as string[];
        const outcome = await check(callOf(bytes)).catch((error: unknown) => error);
        return outcome instanceof MeshError ? codes.includes(outcome.code) : SERVING.equals(outcome as Buffer);
      }),
    );
  });
});
