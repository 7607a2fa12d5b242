import { describe, expect, it } from 'vitest';
import { MeshCode } from '../../../lib/errors/mesh-code.js';
import { PayloadReader } from '../../../lib/protocol/payload.js';
import { FrameType } from '../../../lib/transport/link/wire.js';
import type { Acceptor } from '../../../lib/transport/transport.js';
import { eventually } from '../../support/eventually.js';
import { callFrame, closingOf, frame, greeting, openFrame } from '../../support/tcp-frames.js';
import { heardBy, serveLink } from '../../support/tcp-links.js';

const byte = Buffer.of(1);

const acceptor: Acceptor = (path) => {
  if (path === '/hold') return { stream: () => new Promise(() => undefined) };
  return path === '/wait' ? () => new Promise(() => undefined) : async ({ body }) => body;
};

describe('a caller over TCP with more under way than the server takes', () => {
  it('is told of each call and stream beyond that that it was not looked at, until others are over', async () => {
    const { peer } = await serveLink(acceptor, { maxCalls: 2 });
    const heard = heardBy(peer);
    peer.write(Buffer.concat([greeting(), openFrame(1, '/hold'), callFrame(2, '/wait', byte)]));
    peer.write(Buffer.concat([callFrame(3, '/echo', byte), openFrame(4, '/hold')]));
    const refused = (): unknown[] =>
      heard()
        .filter(({ type }) => type === FrameType.ERROR)
        .map(({ id, payload }) => [id, payload[0], new PayloadReader(payload.subarray(1)).text()]);
    await eventually('two are refused', () => refused().length === 2);
    expect(refused()).toEqual([
      [3, 1, MeshCode.BUFFER_FULL],
      [4, 1, MeshCode.BUFFER_FULL],
    ]);
    peer.write(Buffer.concat([frame(FrameType.CANCEL, 2), callFrame(5, '/echo', byte)]));
    await eventually('another is answered', () => heard().some(({ type }) => type === FrameType.ANSWER));
    expect(heard().find(({ type }) => type === FrameType.ANSWER)?.id).toBe(5);
    expect(closingOf(heard())).toBeUndefined();
  });

  it('has its connection closed when it begins more messages in pieces', async () => {
    const { link, peer } = await serveLink(acceptor, { maxCalls: 2 });
    const heard = heardBy(peer);
    peer.write(greeting());
    for (const id of [1, 2, 3]) peer.write(callFrame(id, '/echo', 20_000));
    await eventually('it is closed', () => closingOf(heard()) !== undefined);
    expect(closingOf(heard())).toEqual({
      code: MeshCode.ENCODING,
      text: expect.stringContaining('more than 2 messages are under way in pieces'),
    });
    expect(link.awaited).toBe(false);
  });
});
