import { Controller, Logger, type Type } from '@nestjs/common';
import { map, type Observable } from 'rxjs';
import { onTestFinished, vi } from 'vitest';
import { type MeshOptions, MeshSession, MeshSessions, type ReceivedMessage, SessionStream } from 'nestjs-mesh';
import { MeshRuntime } from '../../lib/mesh.runtime.js';
import { startApp } from './mesh-app.js';

/** What a handler of streams is given. */
export type Inbound = Observable<ReceivedMessage>;

/** The topic that handlers of tests serve. */
export const chat = { topic: 'chat' };

/** The topic on which they answer. */
export const reply = { topic: 'reply' };

/** The text of a payload. */
export function text(payload: Uint8Array): string {
  return Buffer.from(payload).toString();
}

/** The payload of a text. */
export function bytes(value: string): Uint8Array {
  return Buffer.from(value);
}

/** The texts of messages. */
export function texts(inbound: Inbound): Observable<string> {
  return inbound.pipe(map((message) => text(message.payload)));
}

/** Answers every message. */
@Controller()
export class Echo {
  @MeshSession({ topic: 'chat', replyTopic: 'reply' })
  chat(@SessionStream() inbound: Inbound): Observable<Uint8Array> {
    return texts(inbound).pipe(map((said) => bytes(`echo ${said}`)));
  }
}

/** An application with one controller; `open` opens its sessions as somebody else does, over gRPC, through real sockets. */
export async function start(controller: Type, options: MeshOptions = {}, providers: readonly Type[] = []) {
  const app = await startApp({ controllers: [controller], options, providers });
  const sessions = app.app.get(MeshSessions);
  const open = (id: string) => sessions.open(id, { node: { address: app.address } });
  return { ...app, local: sessions, open, runtime: app.app.get(MeshRuntime) };
}

/** What is logged as an error. */
export function errors(): unknown[][] {
  const spy = vi.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);
  onTestFinished(() => spy.mockRestore());
  return spy.mock.calls;
}
