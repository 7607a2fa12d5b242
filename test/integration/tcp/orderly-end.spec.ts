import { describe, expect, it, onTestFinished } from 'vitest';
import { TcpTransport } from '../../../lib/transport/tcp/tcp-transport.js';
import { LinkCall } from '../../../lib/transport/link/outbound-link.js';
import { FrameType, MAX_ID, MORE } from '../../../lib/transport/link/wire.js';
import { eventually } from '../../support/eventually.js';
import { RawSocket } from '../../support/raw-socket.js';
import { callFrame, closingOf, frame, framesOf, greeting, number, openFrame } from '../../support/tcp-frames.js';
import { dialLink } from '../../support/tcp-links.js';
import { outbound, transportOptions } from '../../support/transport-fixtures.js';

describe('a server over TCP that is about to close', () => {
  it('answers what was begun before, looks at nothing begun later, and ends the connection then', async () => {
    const seen: string[] = [];
    let answer = (): void => undefined;
    const transport = new TcpTransport(transportOptions());
    const listener = await transport.listen({ host: '127.0.0.1', port: 0 }, (path) => {
      seen.push(path);
      if (path === '/stream') return { stream: () => Promise.resolve() };
      return () => new Promise((resolve) => (answer = () => resolve(Buffer.from('done'))));
    });
    onTestFinished(() => listener.destroy());
    const socket = new RawSocket(listener.address);
    const frames = (type: number) => framesOf(Buffer.from(socket.text, 'latin1')).filter((one) => one.type === type);
    socket.send(Buffer.concat([greeting(), callFrame(1, '/before', Buffer.of(1))]));
    await eventually('the call is under way', () => seen.length === 1);

    const closed = listener.close();
    await eventually('the caller is told', () => frames(FrameType.GOAWAY).length === 1);
    expect(frames(FrameType.GOAWAY).map(({ id }) => id)).toEqual([1]);
    socket.send(
      Buffer.concat([
        callFrame(2, '/whole', Buffer.of(1)),
        callFrame(3, '/in-pieces', 20_000),
        frame(FrameType.DATA | MORE, 3, Buffer.alloc(19_999)),
        frame(FrameType.DATA, 3, Buffer.alloc(1)),
        openFrame(4, '/stream'),
        frame(FrameType.MESSAGE, 4, Buffer.of(1)),
        frame(FrameType.END, 4),
      ]),
    );
    await eventually('it has all come', () => frames(FrameType.CREDIT).length === 1);
    expect(frames(FrameType.CREDIT)[0]).toMatchObject({ id: 0, payload: number(20_000) });
    answer();
    await socket.closed;
    await closed;
    expect(frames(FrameType.ANSWER).map(({ id, payload }) => [id, String(payload)])).toEqual([[1, 'done']]);
    expect([...frames(FrameType.ERROR), ...frames(FrameType.END)]).toEqual([]);
    expect(closingOf(framesOf(Buffer.from(socket.text, 'latin1')))).toBeUndefined();
    expect(seen).toEqual(['/before']);
  });
});

describe('a connection over TCP whose ids come to their end', () => {
  it('makes its last calls with them, says that it takes no more, and ends when they are answered', async () => {
    let retired = 0;
    const { link, peer } = await dialLink({}, { onRetired: () => retired++ });
    Object.assign(link, { lastId: MAX_ID - 2 });
    const heard: Buffer[] = [];
    peer.on('data', (chunk: Buffer) => heard.push(chunk));
    const calls = () => framesOf(Buffer.concat(heard).subarray(8)).filter(({ type }) => type === FrameType.CALL);
    const send = (): Promise<Uint8Array> =>
      new Promise((answered, failed) => link.send(new LinkCall(outbound(), { answered, failed }, () => undefined)));
    const first = send();
    expect(retired).toBe(0);
    const last = send();
    expect(retired).toBe(1);
    await eventually('both have come', () => calls().length === 2);
    expect(calls().map(({ id }) => id)).toEqual([MAX_ID - 1, MAX_ID]);
    const ended = new Promise((resolve) => peer.once('end', () => resolve('ended')));
    for (const { id } of calls()) peer.write(frame(FrameType.ANSWER, id, Buffer.from('done')));
    expect([await first, await last].map(String)).toEqual(['done', 'done']);
    expect(await ended).toBe('ended');
  });
});
