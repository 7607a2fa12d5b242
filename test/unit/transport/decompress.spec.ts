import { deflateSync, gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { MeshCode } from '../../../lib/errors/mesh-code.js';
import { decompress } from '../../../lib/transport/decompress.js';

const text = Buffer.from('mesh '.repeat(100));

describe('a compressed message', () => {
  it('is unpacked', async () => {
    expect(await decompress(gzipSync(text), 'gzip', 1_000)).toEqual(text);
    expect(await decompress(deflateSync(text), 'deflate', 1_000)).toEqual(text);
  });

  it('may unpack to the limit, and not to more', async () => {
    expect(await decompress(gzipSync(text), 'gzip', text.length)).toEqual(text);
    await expect(decompress(gzipSync(Buffer.alloc(10_000_000)), 'gzip', 1_000)).rejects.toMatchObject({
      code: MeshCode.MESSAGE_TOO_LONG,
    });
  });

  it('is refused when it is damaged, or compressed otherwise', async () => {
    await expect(decompress(text, 'gzip', 1_000)).rejects.toMatchObject({ code: MeshCode.ENCODING });
    await expect(decompress(text, 'identity', 1_000)).rejects.toMatchObject({ code: MeshCode.ENCODING });
    await expect(decompress(text, 'snappy', 1_000)).rejects.toMatchObject({ code: MeshCode.ENCODING });
  });
});
