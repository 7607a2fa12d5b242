import { connect, constants, type ClientHttp2Session } from 'node:http2';
import { connect as connectSocket, type Socket } from 'node:net';
import type { ResolvedMeshOptions } from '../../options/mesh-options.js';
import type { Unsent } from '../../context/time-limits.js';
import { MeshError } from '../../errors/mesh-error.js';
import { Backoff } from '../backoff.js';
import { refusedBy, unreachable } from '../failures.js';
import type { Lane } from './lane.js';
import type { Carrier, Passenger } from '../pending-call.js';
import type { Target } from '../target.js';
import { Outlet } from './outlet.js';
import { ResetBudget } from './reset-budget.js';
import { GRPC_PATIENCE, watchSession } from './session-keepalive.js';

/** Time for a peer that took a connection to say that it takes calls (HTTP/2's settings), in ms. */
const GREETING_TIMEOUT_MS = 20_000;

/** Time for a peer to end its side of a connection that we close, in ms. */
const CLOSE_GRACE_MS = 1_000;

/** Bytes that may be under way in one direction without being acknowledged. node:http2 can stall for good with much more. */
export const WINDOW_BYTES = 1024 * 1024;

/** Calls before a connection is replaced by a new one: HTTP/2 numbers streams up to 2^31, odd ones only. */
const MAX_CALLS = 1_000_000_000;

/** What a server says to a client that pings too often for its taste. */
const TOO_MANY_PINGS = 'too_many_pings';

/** What a {@link Channel} needs of the options. */
export type ChannelOptions = Pick<ResolvedMeshOptions, 'grpc' | 'limits'>;

/** Sends calls and opens streams through one established connection. */
export interface Conductor<P extends Passenger> {
  /** @throws MeshError E0000000400 for headers that cannot be sent, or what node:http2 throws when it takes no more streams */
  send(passenger: P): void;
  /** Calls under way that the lane does not count. */
  readonly pending?: number;
  /** The connection is about to close: ends what is open without being used. */
  leave(): void;
}

type State<P extends Passenger> =
  | { readonly kind: 'idle' }
  | {
      readonly kind: 'connecting';
      readonly session: ClientHttp2Session;
      readonly socket: Socket;
      readonly waiting: Set<P>;
      readonly stage: Unsent['stage'];
    }
  | { readonly kind: 'ready'; readonly lane: Lane; readonly conductor: Conductor<P> }
  | { readonly kind: 'failed'; readonly until: number; readonly reason: MeshError }
  | { readonly kind: 'closed' };

/**
 * One TCP connection to an address. It connects when a call needs it. While it connects, calls wait; after it has failed to,
 * calls fail at once until the time of the next attempt; after it was lost, the next call connects again.
 */
export class Channel<P extends Passenger> implements Carrier {
  private state: State<P> = { kind: 'idle' };
  private readonly backoff: Backoff;
  /** All that are open: the one in use, and those given up that still carry calls. */
  private readonly sessions = new Set<ClientHttp2Session>();
  private keepaliveTimeMs: number;
  private handed = 0;

  constructor(
    private readonly target: Target,
    private readonly options: ChannelOptions,
    private readonly conductorOf: (lane: Lane) => Conductor<P>,
    private readonly connectTimeoutMs = options.grpc.connectTimeoutMs,
  ) {
    this.backoff = new Backoff(options.grpc.reconnectMinMs, options.grpc.reconnectMaxMs);
    this.keepaliveTimeMs = options.grpc.keepaliveTimeMs;
  }

  /** Whether the peer is known to understand packed calls. */
  get packs(): boolean {
    return this.state.kind === 'ready' && this.state.lane.packs;
  }

  get unsent(): Unsent | undefined {
    const { state, target } = this;
    return state.kind === 'connecting' ? { stage: state.stage, address: target.address } : undefined;
  }

  /** Sends a call or opens a stream, now or once connected. What goes wrong is told to it. */
  send(pending: P): void {
    const { state } = this;
    if (state.kind === 'ready') return this.hand(pending, state.lane.session, state.conductor);
    if (state.kind === 'connecting') return this.wait(pending, state.waiting);
    if (state.kind === 'closed') return pending.fail(unreachable(this.target.address, 'the connection was closed'));
    if (state.kind === 'failed' && Date.now() < state.until) return pending.fail(state.reason);
    this.wait(pending, this.connect());
  }

  abandon(pending: Passenger): void {
    if (this.state.kind === 'connecting') this.state.waiting.delete(pending as P);
  }

  /** Closes a connection without calls. */
  close(): Promise<void> {
    const { state } = this;
    if (state.kind !== 'ready') {
      this.destroy();
      return Promise.resolve();
    }
    this.state = { kind: 'closed' };
    const { session } = state.lane;
    state.conductor.leave();
    return new Promise((resolve) => {
      const timer = setTimeout(() => session.destroy(), CLOSE_GRACE_MS);
      session.once('close', () => {
        clearTimeout(timer);
        resolve();
      });
      session.close();
    });
  }

  /** Closes at once, with every call on it. */
  destroy(): void {
    const { state } = this;
    this.state = { kind: 'closed' };
    if (state.kind === 'connecting')
      failAll(state.waiting, unreachable(this.target.address, 'the connection was closed'));
    // Who hears of a stream that the peer has reset may be within what nghttp2 tells of it; there, node:http2 would send without end.
    setImmediate(() => {
      for (const session of this.sessions) session.destroy();
    });
    if (state.kind === 'connecting') state.socket.destroy();
  }

  private hand(pending: P, session: ClientHttp2Session, conductor: Conductor<P>): void {
    try {
      conductor.send(pending);
    } catch (error) {
      if (!session.closed && !session.destroyed) return pending.fail(refusedBy(error));
      // The connection takes no more streams, and has not said so yet: this call is the first to know.
      this.lose(session);
      return this.send(pending);
    }
    if (++this.handed === MAX_CALLS) this.retire(session);
  }

  private wait(pending: P, waiting: Set<P>): void {
    waiting.add(pending);
    pending.carrier = this;
  }

  private connect(): Set<P> {
    const { address, host, port, secure } = this.target;
    const socket = secure?.connect(host, port) ?? connectSocket({ host, port, noDelay: true });
    const session = connect(`${secure ? 'https' : 'http'}://${address}`, {
      createConnection: () => socket,
      settings: { enablePush: false, initialWindowSize: WINDOW_BYTES },
      // The default of 10 MB would refuse calls whose messages alone are within our own limit.
      maxSessionMemory: Number.MAX_SAFE_INTEGER,
    });
    this.sessions.add(session);
    const waiting = new Set<P>();
    this.state = { kind: 'connecting', session, socket, waiting, stage: 'connecting' };
    let cause: unknown = 'the connection was closed before it was established';
    const over = (): void => {
      clearTimeout(timer);
      this.gone(session, unreachable(address, cause));
    };
    const fail = (error: Error): void => {
      cause = error;
      session.destroy(error);
      // A session whose socket is still connecting would wait for that, and a peer's alert may leave it waiting to write for ever.
      socket.destroy();
      over();
    };
    let timer = failAfter(this.connectTimeoutMs, 'it was not taken', fail);
    socket.once(secure ? 'secureConnect' : 'connect', () => {
      clearTimeout(timer);
      timer = failAfter(GREETING_TIMEOUT_MS, 'it was taken, and there was no HTTP/2', fail);
      if (this.state.kind === 'connecting' && this.state.session === session)
        this.state = { ...this.state, stage: 'greeting' };
    });
    session.on('error', (error) => (cause = error));
    session.once('remoteSettings', () => {
      clearTimeout(timer);
      this.establish(session, waiting);
    });
    session.once('close', over);
    if (secure) socket.once('error', fail);
    session.unref();
    return waiting;
  }

  private establish(session: ClientHttp2Session, waiting: Set<P>): void {
    if (this.state.kind !== 'connecting' || this.state.session !== session) return;
    session.setLocalWindowSize(WINDOW_BYTES);
    const lane: Lane = {
      session,
      address: this.target.address,
      maxMessageBytes: this.options.limits.maxBodyBytes,
      resets: new ResetBudget(() => this.retire(session)),
      outlet: new Outlet(session),
      calls: 0,
      packs: false,
      tunnels: false,
    };
    const conductor = this.conductorOf(lane);
    const { keepaliveTimeMs } = this;
    const { keepaliveTimeoutMs } = this.options.grpc;
    const timing = { keepaliveTimeMs, keepaliveTimeoutMs, patience: GRPC_PATIENCE };
    watchSession(session, timing, () => lane.calls > 0 || (conductor.pending ?? 0) > 0);
    session.on('goaway', (code, _lastStream, data) => {
      this.heed(code, data);
      this.lose(session);
      conductor.leave();
    });
    this.backoff.reset();
    this.handed = 0;
    this.state = { kind: 'ready', lane, conductor };
    for (const pending of waiting) this.send(pending);
  }

  private heed(code: number, data: Uint8Array | undefined): void {
    const asked =
      code === constants.NGHTTP2_ENHANCE_YOUR_CALM && data && Buffer.from(data).toString() === TOO_MANY_PINGS;
    if (asked) this.keepaliveTimeMs *= 2;
  }

  /** Gives a connection up in favour of a new one: it closes after the calls on it. */
  private retire(session: ClientHttp2Session): void {
    if (this.state.kind !== 'ready' || this.state.lane.session !== session) return;
    this.state.conductor.leave();
    this.lose(session);
    session.close();
  }

  /** Stops using a connection; the calls that it carries may still end well. */
  private lose(session: ClientHttp2Session): void {
    if (this.state.kind === 'ready' && this.state.lane.session === session) this.state = { kind: 'idle' };
  }

  private gone(session: ClientHttp2Session, reason: MeshError): void {
    const { state } = this;
    this.sessions.delete(session);
    this.lose(session);
    if (state.kind !== 'connecting' || state.session !== session) return;
    this.state = { kind: 'failed', until: Date.now() + this.backoff.next(), reason };
    failAll(state.waiting, reason);
  }
}

function failAfter(ms: number, why: string, fail: (error: Error) => void): NodeJS.Timeout {
  return setTimeout(() => fail(new Error(`${why} within ${ms} ms`)), ms).unref();
}

function failAll(waiting: Iterable<Passenger>, reason: MeshError): void {
  for (const pending of waiting) pending.fail(reason);
}
