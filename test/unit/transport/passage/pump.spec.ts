import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { pump } from '../../../../lib/transport/passage/pump.js';
import { caught } from '../../../support/caught.js';
import { settled } from '../../../support/eventually.js';
import { chunks, endless } from '../../../support/passages.js';

describe('a body on its way on', () => {
  it.each([[4], [undefined]])('is written as it comes, where %s bytes were announced', async (length) => {
    const stream = new PassThrough();
    await pump(chunks('ab', 'cd'), stream, length);
    expect(String(stream.read())).toBe('abcd');
  });

  it('has not a byte more than announced', async () => {
    const stream = new PassThrough();
    expect(await caught(pump(chunks('ab', 'cd'), stream, 3))).toMatchObject({ code: 'E0000000400' });
    expect(String(stream.read())).toBe('ab');
  });

  it('is not taken for whole with less than announced', async () => {
    expect(await caught(pump(chunks('ab'), new PassThrough(), 3))).toMatchObject({
      code: 'E0000000400',
      message: 'the body has not the 3 bytes that were announced',
    });
  });

  it('waits for who does not read, and leaves the body when nobody can', async () => {
    const stream = new PassThrough();
    const source = endless(1_000);
    const done = pump(source.body, stream, undefined);
    expect(await settled(() => source.taken)).toBeLessThan(1_000_000);
    stream.destroy();
    await done;
    expect(source.left).toBe(true);
  });
});
