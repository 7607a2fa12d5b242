import { once } from 'node:events';
import { createServer } from 'node:net';
import { HOST } from './peer.js';

/** Below the ports that systems choose for those who connect: nobody is given one of these between it being found free and its use. */
const LOWEST = 10_000;
const HIGHEST = 32_000;

/** Ports tried until it is said that there is none. */
const TRIES = 100;

/** A port of {@link HOST} that nobody has. @throws Error when none is found */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < TRIES; tries++) {
    const port = LOWEST + Math.floor(Math.random() * (HIGHEST - LOWEST));
    if (await isFree(port)) return port;
  }
  throw new Error(`none of ${TRIES} ports of ${HOST} is free`);
}

async function isFree(port: number): Promise<boolean> {
  const probe = createServer().listen(port, HOST);
  try {
    await once(probe, 'listening');
  } catch {
    return false;
  }
  await new Promise((resolve) => probe.close(resolve));
  return true;
}
