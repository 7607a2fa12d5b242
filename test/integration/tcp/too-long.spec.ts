import { describe, expect, it } from 'vitest';
import { MeshCode } from '../../../lib/errors/mesh-code.js';
import { FrameType } from '../../../lib/transport/link/wire.js';
import { LinkCall } from '../../../lib/transport/link/outbound-link.js';
import type { InboundCall } from '../../../lib/transport/transport.js';
import { eventually } from '../../support/eventually.js';
import { callFrame, closingOf, frame, greeting, openFrame } from '../../support/tcp-frames.js';
import { dialLink, heardBy, serveLink } from '../../support/tcp-links.js';
import { outbound } from '../../support/transport-fixtures.js';

const LIMIT = 2_000;

const tooLong = { code: MeshCode.ENCODING, text: expect.stringContaining('takes 2001 bytes, more than 2000') };

describe('a message over TCP that is longer than the reader takes, and comes uncut', () => {
  it.each<[string, (bytes: Buffer) => Buffer[]]>([
    ['a call', (bytes) => [callFrame(1, '/take', bytes)]],
    ['a message of a stream', (bytes) => [openFrame(1, '/take'), frame(FrameType.MESSAGE, 1, bytes)]],
  ])('ends the connection of who sent it, and reaches nobody, as %s', async (_, said) => {
    const taken: number[] = [];
    const { peer } = await serveLink(
      () => ({
        stream: async ({ messages }) => {
          for await (const message of messages) taken.push(message.length);
        },
        call: async ({ body }: InboundCall) => {
          taken.push(body.length);
          return body;
        },
      }),
      { maxMessageBytes: LIMIT },
    );
    const heard = heardBy(peer);
    peer.write(Buffer.concat([greeting(), ...said(Buffer.alloc(LIMIT + 1))]));
    await eventually('it is closed', () => closingOf(heard()) !== undefined);
    expect(closingOf(heard())).toEqual(tooLong);
    expect(taken).toEqual([]);
  });

  it('ends the connection of who sent it as an answer, and fails what was asked', async () => {
    const { link, peer } = await dialLink({}, {}, { maxMessageBytes: LIMIT });
    const heard = heardBy(peer, 8);
    const failed = new Promise((failedWith) => {
      const owner = { answered: () => failedWith('an answer'), failed: failedWith };
      link.send(new LinkCall(outbound(), owner, () => undefined));
    });
    peer.write(frame(FrameType.ANSWER, 1, Buffer.alloc(LIMIT + 1)));
    expect(await failed).toMatchObject({ code: MeshCode.UNREACHABLE });
    await eventually('it is closed', () => closingOf(heard()) !== undefined);
    expect(closingOf(heard())).toEqual(tooLong);
  });

  it('is taken when it is no longer than that', async () => {
    const { peer } = await serveLink(
      () =>
        async ({ body }) =>
          body.subarray(0, 1),
      { maxMessageBytes: LIMIT },
    );
    const heard = heardBy(peer);
    peer.write(Buffer.concat([greeting(), callFrame(1, '/take', Buffer.alloc(LIMIT))]));
    await eventually('it is answered', () => heard().some(({ type }) => type === FrameType.ANSWER));
    expect(closingOf(heard())).toBeUndefined();
  });
});
