import type { MeshSession } from 'nestjs-mesh';
import { from, lastValueFrom, map, take, tap, timeout } from 'rxjs';
import { MESSAGES, type Party, textsOf } from './parties.js';
import { Progress } from './progress.js';

/** How long the next message may take, in ms. */
const PATIENCE_MS = 10_000;

/** Sends all messages to the partner while those of the partner come in; resolves with how many came as they should. */
export type Exchange = (session: MeshSession, self: Party, partner: Party) => Promise<number>;

/** One push and one pop for each message. */
export const byPushAndPop: Exchange = async (session, self, partner) => {
  const progress = new Progress(self, 'push and pop', textsOf(partner, self));
  const push = async (): Promise<void> => {
    for (const text of textsOf(self, partner)) await session.push(Buffer.from(text), { topic: 'topic' });
  };
  const pop = async (): Promise<void> => {
    for (let count = 0; count < MESSAGES; count++) {
      const payload = await session.pop({ topic: 'topic', timeoutMs: PATIENCE_MS });
      if (!payload) throw new Error(`no message came within ${PATIENCE_MS} ms`);
      progress.got(Buffer.from(payload).toString());
    }
  };
  await Promise.all([push(), pop()]);
  return progress.verified;
};

/** The same as two Observables: what one emits is pushed, what arrives is emitted, neither faster than the other side takes it. */
export const byObservables: Exchange = async (session, self, partner) => {
  const progress = new Progress(self, 'Observables', textsOf(partner, self));
  const outbound = from(textsOf(self, partner)).pipe(
    map((text) => Buffer.from(text)),
    session.pushTo({ topic: 'stream' }),
  );
  const inbound = session.messages({ topic: 'stream', prefetch: 16 }).pipe(
    take(MESSAGES),
    timeout({ each: PATIENCE_MS }),
    tap(({ payload }) => progress.got(Buffer.from(payload).toString())),
  );
  await Promise.all([lastValueFrom(outbound), lastValueFrom(inbound)]);
  return progress.verified;
};

/** Each asks the other's handler, which sends every message back: see answering.ts. */
export const byHandlers: Exchange = async (session, self, partner) => {
  const texts = textsOf(self, partner);
  const progress = new Progress(self, 'handlers', texts);
  const questions = from(texts).pipe(
    map((text) => Buffer.from(text)),
    session.pushTo({ topic: 'question' }),
  );
  // Completes when the partner's handler does.
  const answers = session.messages({ topic: 'answer' }).pipe(
    timeout({ each: PATIENCE_MS }),
    tap(({ payload }) => progress.got(Buffer.from(payload).toString())),
  );
  await Promise.all([lastValueFrom(questions), lastValueFrom(answers)]);
  return progress.verified;
};
