import { expect, it } from 'vitest';
import { LinkCall } from '../../../lib/transport/link/outbound-link.js';
import { FrameType, MAGIC, MORE } from '../../../lib/transport/link/wire.js';
import { eventually } from '../../support/eventually.js';
import { frame, framesOf } from '../../support/tcp-frames.js';
import { dialLink } from '../../support/tcp-links.js';
import { outbound } from '../../support/transport-fixtures.js';

it('large calls that wait for room fail in order when the server takes no more, and none begins', async () => {
  const { link, peer, gone } = await dialLink({ bulkBytes: 100_000 });
  const seen: Buffer[] = [];
  peer.on('data', (chunk: Buffer) => seen.push(chunk));
  const failed: [number, boolean][] = [];
  // The second has no room beside the first; the others would have, and wait behind it.
  for (const size of [60_000, 50_000, 20_000, 20_001]) {
    const owner = {
      answered: () => undefined,
      failed: ({ neverSent }: { readonly neverSent: boolean }) => void failed.push([size, neverSent]),
    };
    link.send(new LinkCall(outbound({ body: Buffer.alloc(size) }), owner, () => undefined));
  }
  const frames = () => framesOf(Buffer.concat(seen).subarray(MAGIC.length));
  const last = () => frames().some(({ type }) => type === FrameType.DATA);
  await eventually('the first has gone', last);
  peer.write(frame(FrameType.GOAWAY, 1));
  await eventually('the others have failed', () => failed.length === 3);
  expect(failed).toEqual([
    [50_000, true],
    [20_000, true],
    [20_001, true],
  ]);
  expect(link.pending).toBe(1);
  peer.end(frame(FrameType.ANSWER, 1));
  await gone;
  expect(frames().filter(({ type }) => type === (FrameType.CALL | MORE))).toHaveLength(1);
});
