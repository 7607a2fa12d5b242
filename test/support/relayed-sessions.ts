import type { Server } from 'node:net';
import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises';
import { type MeshOptions, MeshServer, type MeshSession, MeshSessions, type SessionNode } from 'nestjs-mesh';
import { startApp } from './mesh-app.js';
import { type Relay, type Speaker, startRelay } from './relay.js';
import { sessionStatsOf } from './session-stats.js';

const RECONNECT = { reconnectMinMs: 1, reconnectMaxMs: 5 };

/** The topic that all of these sessions use. */
export const TOPIC = 'topic';

/** A wire between the two ends. */
export interface SessionWay {
  readonly name: string;
  readonly node: Omit<SessionNode, 'address'>;
  /** Options of the end that calls. */
  readonly options?: MeshOptions;
}

/** Every wire that the session API goes over. */
export const sessionWays: readonly SessionWay[] = [
  { name: 'gRPC', node: { transport: 'grpc' } },
  { name: 'TCP', node: { transport: 'tcp' } },
  { name: 'HTTP/1.1', node: { transport: 'http' } },
  { name: 'HTTP/2', node: { transport: 'http' }, options: { http: { version: '2' } } },
];

/** Conversations between nodes, in which messages are acknowledged. */
export const conversationWays: readonly SessionWay[] = [
  { name: 'conversations', node: { transport: 'grpc', via: 'transport' } },
  { name: 'conversations over TCP', node: { transport: 'tcp', via: 'transport' } },
];

/** One session, as its node has it and as another process does, beyond the relay. */
export interface BothEnds {
  readonly local: MeshSession;
  readonly remote: MeshSession;
}

/** A node that holds sessions, and one that uses them through a relay that breaks the connection. */
export class RelayedSessions {
  private opened = 0;

  private constructor(
    readonly relay: Relay,
    private readonly server: Server,
    /** How many pops wait at the node. */
    readonly waiting: () => number,
    private readonly open: (id: string) => BothEnds,
  ) {}

  static async start({ node, options }: SessionWay): Promise<RelayedSessions> {
    const served = await startApp({});
    const relay = await startRelay(served.address);
    const caller = await startApp({ options: { grpc: RECONNECT, tcp: RECONNECT, ...options } });
    const [server] = served.app.get(MeshServer).unwrap<[Server]>();
    const at = { node: { address: relay.address, ...node } };
    const sessions = { local: served.app.get(MeshSessions), remote: caller.app.get(MeshSessions) };
    const waiting = (): number => sessionStatsOf(served.app).waiting;
    return new RelayedSessions(relay, server, waiting, (id) => ({
      local: sessions.local.open(id),
      remote: sessions.remote.open(id, at),
    }));
  }

  /** A new session. Its name takes as many bytes on the wire as any other's. */
  both(): BothEnds {
    return this.open(`s${(this.opened++).toString(2).padStart(16, '0')}`);
  }

  /** A new session of these messages, with a connection to it, so that what follows is one exchange and nothing else. */
  async holding(...texts: readonly string[]): Promise<BothEnds> {
    const ends = this.both();
    for (const text of texts) await ends.local.push(Buffer.from(text), { topic: TOPIC });
    await connected(ends.remote);
    return ends;
  }

  /** How many bytes a speaker says in an exchange. */
  async lengthOf(speaker: Speaker, exchange: (ends: BothEnds) => Promise<unknown>): Promise<number> {
    const lengths: number[] = [];
    for (let i = 0; i < 3; i++) {
      const ends = await this.holding('1', '2');
      const before = this.relay.carried[speaker];
      await exchange(ends);
      lengths.push(this.relay.carried[speaker] - before);
    }
    return Math.max(...lengths);
  }

  /** Breaks all connections, and waits until the node has noticed. */
  async hangUp(): Promise<void> {
    this.relay.cut();
    while ((await connectionsOf(this.server)) > 0) await sleep(1);
    await turn();
  }
}

/** Every point of so many bytes, or points evenly among them and all of the last ones, where there are too many. */
export function pointsOf(length: number): number[] {
  const every = Math.ceil(length / 100);
  return Array.from({ length: length + 1 }, (_, point) => point).filter(
    (point) => point % every === 0 || point > length - 12,
  );
}

/** Takes all that a session holds. */
export async function takeAll(session: MeshSession): Promise<string[]> {
  const texts: string[] = [];
  for (;;) {
    const payload = await session.pop({ topic: TOPIC, timeoutMs: 0 });
    if (!payload) return texts;
    texts.push(Buffer.from(payload).toString());
  }
}

async function connected(session: MeshSession): Promise<void> {
  for (const end = Date.now() + 5_000; ; await sleep(1)) {
    const answered = await session.peek({ topic: TOPIC }).then(
      () => true,
      (error: unknown) => (Date.now() > end ? Promise.reject(error) : false),
    );
    if (answered) return;
  }
}

function connectionsOf(server: Server): Promise<number> {
  return new Promise((resolve, reject) =>
    server.getConnections((error, count) => (error ? reject(error) : resolve(count))),
  );
}
