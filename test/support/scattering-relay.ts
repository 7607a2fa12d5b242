import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';

/** How much is passed on at a time, in turn: little, and about what frames and reads take. */
const PASSED = [3, 9, 8_192, 1, 20_000, 16_384, 65_536, 5, 40_000, 131_072];

/** Starts a relay to an address, which passes on what it reads in other pieces than it came; it ends with the test. @returns its address */
export async function startScatteringRelay(target: string): Promise<string> {
  const [host, port] = target.split(':');
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true }, (inner) => {
    const outer = connect({ host: host ?? '', port: Number(port), noDelay: true });
    for (const socket of [inner, outer]) {
      sockets.add(socket);
      socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
    }
    scatter(inner, outer);
    scatter(outer, inner);
  });
  onTestFinished(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function scatter(from: Socket, to: Socket): void {
  let next = 0;
  let waiting: Buffer = Buffer.alloc(0);
  const pass = (): void => {
    if (to.destroyed) return;
    const piece = waiting.subarray(0, PASSED[next++ % PASSED.length]);
    waiting = waiting.subarray(piece.length);
    to.write(piece);
    if (waiting.length > 0) setImmediate(pass);
    else from.resume();
  };
  from.on('data', (chunk: Buffer) => {
    from.pause();
    waiting = chunk;
    pass();
  });
  from.on('end', () => to.end()).on('close', () => to.destroy());
}
