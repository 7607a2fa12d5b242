import { once } from 'node:events';
import { connect, constants, createServer, type ClientHttp2Session, type Http2Server } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Outlet } from '../../../../lib/transport/http2/outlet.js';

const WINDOW = 256 * 1_024;
const LONG = 64 * 1_024;

let server: Http2Server;
let session: ClientHttp2Session;

beforeEach(async () => {
  server = createServer({ settings: { initialWindowSize: WINDOW } }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  session = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  await once(session, 'remoteSettings');
});

afterEach(async () => {
  session.destroy();
  server.close();
  await once(server, 'close');
});

function open() {
  return session.request({ ':method': 'POST' }, { endStream: false }).on('error', () => undefined);
}

/** Messages that are written when they are told to be, and out when the test says so. */
class Messages {
  readonly begun: string[] = [];
  private readonly outlet = new Outlet(session);
  private readonly ends = new Map<string, () => void>();

  pass(name: string, length = LONG) {
    const stream = open();
    this.outlet.pass(stream, length, (left) => {
      this.begun.push(name);
      this.ends.set(name, left);
    });
    return stream;
  }

  out(name: string): void {
    this.ends.get(name)?.();
  }
}

describe('Outlet', () => {
  it('lets long messages out in their order, two of 64 KiB at a time', () => {
    const messages = new Messages();
    for (const name of ['a', 'b', 'c', 'd', 'e']) messages.pass(name);
    expect(messages.begun).toEqual(['a', 'b']);
    messages.out('b');
    expect(messages.begun).toEqual(['a', 'b', 'c']);
    messages.out('a');
    messages.out('c');
    expect(messages.begun).toEqual(['a', 'b', 'c', 'd', 'e']);
  });

  it('lets out at once what is short', () => {
    const messages = new Messages();
    for (const name of ['a', 'b', 'c']) messages.pass(name);
    messages.pass('short', 16 * 1_024);
    expect(messages.begun).toEqual(['a', 'b', 'short']);
  });

  it('neither holds back what the window of a stream does not hold, nor waits for it', () => {
    const messages = new Messages();
    for (const name of ['huge', 'vast']) messages.pass(name, WINDOW);
    for (const name of ['a', 'b', 'c']) messages.pass(name);
    messages.pass('late', WINDOW);
    expect(messages.begun).toEqual(['huge', 'vast', 'a', 'b', 'late']);
  });

  it('never writes to a stream that was closed while its message waited', async () => {
    const messages = new Messages();
    for (const name of ['a', 'b']) messages.pass(name);
    const gone = messages.pass('gone');
    const going = messages.pass('going');
    messages.pass('c');
    gone.close(constants.NGHTTP2_CANCEL);
    await once(gone, 'close');
    going.close(constants.NGHTTP2_CANCEL);
    messages.out('a');
    expect(messages.begun).toEqual(['a', 'b', 'c']);
  });

  it('goes on when the stream of a message is closed before it is out', async () => {
    server.on('stream', (stream) => stream.on('error', () => undefined).pause());
    const outlet = new Outlet(session);
    const begun: string[] = [];
    const streams = ['a', 'b', 'c'].map((name) => {
      const stream = open();
      outlet.pass(stream, LONG, (left) => {
        begun.push(name);
        stream.end(Buffer.alloc(LONG), left);
      });
      return stream;
    });
    expect(begun).toEqual(['a', 'b']);
    for (const stream of streams.slice(0, 2)) stream.close(constants.NGHTTP2_CANCEL);
    await Promise.all(streams.slice(0, 2).map((stream) => once(stream, 'close')));
    await new Promise(setImmediate);
    expect(begun).toEqual(['a', 'b', 'c']);
  });
});
