import { Controller, type Type } from '@nestjs/common';
import { Ctx } from '@nestjs/microservices';
import { from, ignoreElements, lastValueFrom, map, type Observable, take, tap, toArray } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { MeshCode, MeshContext, MeshError, MeshSession, MeshSessions, SessionStream } from 'nestjs-mesh';
import { MeshRuntime } from '../../../lib/mesh.runtime.js';
import { caught } from '../../support/caught.js';
import { eventually } from '../../support/eventually.js';
import { startApp } from '../../support/mesh-app.js';
import { startRelay } from '../../support/relay.js';
import { bytes, chat, Echo, errors, type Inbound, text, texts } from '../../support/stream-apps.js';

describe('a sender at another node', () => {
  const A = { nodeId: 'LX0000010000010', instId: 'JG0100000100000000' };
  const B = { nodeId: 'LX0000010000020', instId: 'JG0100000200000000' };

  /** Two nodes that know each other. */
  async function pair(atA: readonly Type[], atB: readonly Type[]) {
    const addresses: string[] = [];
    const toA = await startRelay(() => addresses[0]!);
    const toB = await startRelay(() => addresses[1]!);
    const a = await startApp({ controllers: atA, options: { ...A, partners: [{ ...B, address: toB.address }] } });
    const b = await startApp({ controllers: atB, options: { ...B, partners: [{ ...A, address: toA.address }] } });
    addresses.push(a.address, b.address);
    const session = a.app.get(MeshSessions).open('s', { targetNodeId: B.nodeId, traceId: 'T1' });
    return { a, b, session };
  }

  it('is answered at its own node, on the same topic', async () => {
    const contexts: MeshContext[] = [];
    @Controller()
    class Both {
      @MeshSession({ topic: 'chat' })
      chat(@SessionStream() inbound: Inbound, @Ctx() context: MeshContext): Observable<Uint8Array> {
        contexts.push(context);
        return texts(inbound).pipe(
          take(100),
          map((said) => bytes(`echo ${said}`)),
        );
      }
    }
    const { session } = await pair([], [Both]);
    const said = Array.from({ length: 100 }, (_, index) => `节点4发送给节点5报文${index}`);
    const heard = lastValueFrom(texts(session.messages(chat)).pipe(toArray()));
    await lastValueFrom(from(said.map(bytes)).pipe(session.pushTo(chat)));
    expect(await heard).toEqual(said.map((one) => `echo ${one}`));
    expect(contexts).toHaveLength(1);
    expect(contexts[0]).toMatchObject({ source: A, target: { nodeId: B.nodeId }, traceId: 'T1', sessionId: 's' });
  });

  it('learns why a stream ended, and that the application of the handler closes', async () => {
    errors();
    @Controller()
    class Strict {
      @MeshSession({ topic: 'chat' })
      chat(@SessionStream() inbound: Inbound): Observable<Uint8Array> {
        return texts(inbound).pipe(
          map((said) => {
            if (said === 'bad') throw new MeshError(MeshCode.NOT_PERMITTED, '不可以');
            return bytes(said);
          }),
        );
      }
    }
    const { b, session } = await pair([], [Strict]);
    await session.push(bytes('bad'), chat);
    expect(await caught(session.pop(chat))).toMatchObject({ code: MeshCode.NOT_PERMITTED, message: '不可以' });
    await session.push(bytes('good'), chat);
    expect(text((await session.pop(chat))!)).toBe('good');
    const ended = caught(session.pop(chat));
    await b.app.close();
    expect(await ended).toMatchObject({ code: MeshCode.UNREACHABLE, message: 'the application closes' });
  });

  it('and a handler of the answers do not tell each other of their ends for ever', async () => {
    const calls: string[] = [];
    @Controller()
    class Asker {
      @MeshSession({ topic: 'chat' })
      heard(@SessionStream() inbound: Inbound): Observable<never> {
        calls.push('a');
        return inbound.pipe(
          tap((message) => message.take()),
          take(1),
          ignoreElements(),
        );
      }
    }
    @Controller()
    class Answerer {
      @MeshSession({ topic: 'chat' })
      asked(@SessionStream() inbound: Inbound): Observable<Uint8Array> {
        calls.push('b');
        return texts(inbound).pipe(take(1), map(bytes));
      }
    }
    const { a, b, session } = await pair([Asker], [Answerer]);
    for (let round = 1; round <= 3; round++) {
      await session.push(bytes('1'), chat);
      await eventually('both have had a stream', () => calls.length === 2 * round);
    }
    const waiting = () => [a, b].map(({ app }) => app.get(MeshRuntime).sessions.store.stats().waiting);
    await eventually('all streams are over', () => waiting().every((count) => count === 0));
    expect(calls).toEqual(['b', 'a', 'b', 'a', 'b', 'a']);
  });

  it('that nobody knows is told nothing, and the handler fails for it alone', async () => {
    const logged = errors();
    const { b } = await pair([], [Echo]);
    const { app } = await startApp({ options: { nodeId: 'LX0000010000030' } });
    const session = app.get(MeshSessions).open('s', { node: { address: b.address } });
    await session.push(bytes('1'), chat);
    await eventually('the stream fails', () => logged.length === 1);
    expect(logged[0]?.[0]).toContain(MeshCode.NOT_IN_NETWORK);
  });
});
