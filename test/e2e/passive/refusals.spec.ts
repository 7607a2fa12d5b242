import { Controller } from '@nestjs/common';
import { map, type Observable, of, take } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { MeshCode, MeshSession, SessionStream } from 'nestjs-mesh';
import { caught } from '../../support/caught.js';
import { eventually } from '../../support/eventually.js';
import { createApp } from '../../support/mesh-app.js';
import { bytes, chat, Echo, errors, type Inbound, reply, start, text, texts } from '../../support/stream-apps.js';

describe('what is refused', () => {
  it('is a second handler of a topic', async () => {
    @Controller()
    class Other {
      @MeshSession({ topic: 'chat' })
      talk(): void {}
    }
    const app = await createApp({ controllers: [Echo, Other] });
    await expect(app.listen()).rejects.toThrow("the topic 'chat' has two handlers, Echo.chat and Other.talk");
  });

  it('is an option that is wrong', () => {
    const declare = (options: unknown) => () => MeshSession(options as { topic: string })(Echo.prototype, 'other', {});
    expect(declare({ topic: 'a', prefetch: 0 })).toThrow('@MeshSession of Echo.other.prefetch must be a whole number');
    expect(declare({ topic: 'a', replytopic: 'b' })).toThrow("did you mean 'replyTopic'?");
    expect(declare({ topic: 'a/*', splitting: {} })).toThrow('cannot have splitting for the prefix');
    expect(declare({})).toThrow('@MeshSession of Echo.other names no topic');
  });

  it('is a method that serves something else', () => {
    const method = Object.getOwnPropertyDescriptor(Echo.prototype, 'chat')!;
    expect(() => MeshSession({ topic: 'b' })(Echo.prototype, 'chat', method)).toThrow(
      "Echo.chat cannot handle the topic 'b': it serves '@MeshSession chat' already",
    );
  });

  it('is an answer that the handler would hear itself', async () => {
    const logged = errors();
    @Controller()
    class Deaf {
      @MeshSession({ topic: 'chat' })
      chat(@SessionStream() inbound: Inbound): Observable<Uint8Array> {
        return texts(inbound).pipe(map(bytes));
      }
    }
    const { open, runtime } = await start(Deaf);
    await using session = open('s');
    await session.push(bytes('1'), chat);
    await eventually('the stream ends', () => logged.length === 1);
    expect(logged[0]?.[0]).toContain(MeshCode.INVALID_REQUEST);
    expect(logged[0]?.[0]).toContain("Deaf.chat would hear its own answer on the topic 'chat'");
    expect(runtime.sessions.store.stats().messages).toBe(0);
  });

  it('is an answer that is no bytes', async () => {
    errors();
    @Controller()
    class Wordy {
      @MeshSession({ topic: 'chat', replyTopic: 'reply' })
      chat(): Observable<string> {
        return of('words');
      }
    }
    const { open } = await start(Wordy);
    await using session = open('s');
    await session.push(bytes('1'), chat);
    expect(await caught(session.pop(reply))).toMatchObject({
      code: MeshCode.INVALID_REQUEST,
      message: 'a handler of a stream answers with Uint8Array, got a value of type string',
    });
  });

  it('are senders of other implementations the end of a stream: they would see an empty message', async () => {
    @Controller()
    class Once {
      @MeshSession({ topic: 'chat', replyTopic: 'reply' })
      chat(@SessionStream() inbound: Inbound): Observable<Uint8Array> {
        return texts(inbound).pipe(take(1), map(bytes));
      }
    }
    const { address, open, runtime } = await start(Once);
    const pushed = await fetch(`http://${address}/v1/interconn/chan/push`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-ptp-session-id': 's' },
      body: JSON.stringify({ topic: 'chat', payload: Buffer.from('1').toString('base64') }),
    });
    expect(pushed.status).toBe(200);
    await using session = open('s');
    expect(text((await session.pop(reply))!)).toBe('1');
    await eventually('nothing is left', () => runtime.sessions.store.stats().messages === 0);
  });
});
