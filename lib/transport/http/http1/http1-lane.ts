import { connect, type Socket } from 'node:net';
import { ListItem } from '../../../collections/linked-list.js';
import { MeshError } from '../../../errors/mesh-error.js';
import { unreachable } from '../../failures.js';
import { Intake } from '../../intake.js';
import type { Target } from '../../target.js';
import { lost } from '../http-failures.js';
import { AnswerReader, type Http1Answer } from './answer-reader.js';
import type { Http1Call } from './http1-call.js';

/** Requests of so many bytes are written in one piece. */
const JOINED_BYTES = 16 * 1024;

/** From when on the network is asked whether a silent peer is still there, in ms. */
const PROBE_AFTER_MS = 1_000;

/** The time by which a connection is closed before its peer closes it, in ms. */
const AHEAD_OF_PEER_MS = 1_000;

/** What a connection is made with. */
export interface Http1LaneParts {
  readonly target: Target;
  readonly connectTimeoutMs: number;
  /** How long it stays without a call, in ms; less when the peer says so. */
  readonly keptMs: number;
  /** Longest body of an answer, in bytes. */
  readonly maxMessageBytes: number;
}

/** Who hands calls to connections. */
export interface Http1LaneOwner {
  /** It has answered its call, and can carry another. */
  onFree(lane: Http1Lane): void;
  /** It is closed. @param unsent the call for which it was kept, if nothing of it was sent */
  onGone(lane: Http1Lane, unsent: Http1Call | undefined): void;
}

/** One connection over HTTP/1.1. It carries one call at a time. */
export class Http1Lane extends ListItem {
  private readonly socket: Socket;
  private readonly reader: AnswerReader;
  private call: Http1Call | undefined;
  private keptMs: number;
  private failure: Error | undefined;

  /** Connects, and sends the call then. */
  constructor(
    private readonly parts: Http1LaneParts,
    private readonly owner: Http1LaneOwner,
    call: Http1Call,
  ) {
    super();
    this.reader = new AnswerReader(parts.maxMessageBytes);
    this.keptMs = parts.keptMs;
    this.take(call);
    call.stage = 'connecting';
    this.socket = this.connect();
    this.socket.on('end', () => this.gotEnd()).on('error', (error) => (this.failure = error));
    this.socket.on('timeout', () => this.gotIdle()).once('close', () => this.gotClose());
  }

  /** Whether it carries a call that was sent. */
  get isAnswering(): boolean {
    return this.call?.stage === 'sent';
  }

  /** Takes a call, to {@link send} it once what has come on the connection was read: it may be closed. */
  take(call: Http1Call): void {
    this.call = call;
    call.lane = this;
  }

  /** Sends the call that it took; nothing happens when it has none any more. */
  send(): void {
    const { call, socket } = this;
    if (!call || call.stage === 'sent' || socket.destroyed) return;
    call.stage = 'sent';
    const { head, pending } = call;
    const { body } = pending.call;
    if (head.length + body.length > JOINED_BYTES) {
      socket.cork();
      socket.write(head, 'latin1');
      socket.write(body);
      return socket.uncork();
    }
    const joined = Buffer.allocUnsafe(head.length + body.length);
    joined.write(head, 'latin1');
    joined.set(body, head.length);
    socket.write(joined);
  }

  /** Closes it at once. @param reason why its call fails; default: that the connection was lost */
  destroy(reason?: MeshError): void {
    if (reason) this.call?.pending.fail(reason);
    this.socket.destroy();
  }

  private connect(): Socket {
    const { host, port, secure } = this.parts.target;
    const socket = secure ? this.secured(secure.connect(host, port, 'http/1.1')) : this.plain(host, port);
    const overdue = this.closeWhenOverdue(socket);
    const connected = (): void => {
      clearTimeout(overdue);
      socket.setTimeout(this.keptMs);
      this.send();
    };
    // What keeps the process alive while a call is under way is the time that it may take.
    return socket
      .once(secure ? 'secureConnect' : 'connect', connected)
      .once('close', () => clearTimeout(overdue))
      .unref();
  }

  private plain(host: string, port: number): Socket {
    const intake = new Intake();
    intake.receive = (bytes) => this.gotBytes(bytes);
    const keepAlive = { keepAlive: true, keepAliveInitialDelay: PROBE_AFTER_MS };
    return connect({ host, port, noDelay: true, ...keepAlive, onread: intake.onread });
  }

  private secured(socket: Socket): Socket {
    return socket.setKeepAlive(true, PROBE_AFTER_MS).on('data', (bytes: Buffer) => this.gotBytes(bytes));
  }

  private closeWhenOverdue(socket: Socket): NodeJS.Timeout {
    const { connectTimeoutMs } = this.parts;
    const tooLate = (): unknown => socket.destroy(new Error(`it was not taken within ${connectTimeoutMs} ms`));
    return setTimeout(tooLate, connectTimeoutMs).unref();
  }

  private gotBytes(bytes: Buffer): void {
    // Whatever nobody has asked for is not to be taken for the answer to what is asked next.
    if (!this.isAnswering) return this.destroy();
    const answer = this.reading(() => this.reader.read(bytes));
    if (answer) this.gotAnswer(answer, bytes.length - this.reader.position);
  }

  private gotEnd(): void {
    const answer = this.isAnswering ? this.reading(() => this.reader.end()) : undefined;
    if (answer) this.gotAnswer(answer, 0);
  }

  private reading(read: () => Http1Answer | undefined): Http1Answer | undefined {
    try {
      return read();
    } catch (error) {
      this.destroy(error instanceof MeshError ? error : lost(this.parts.target.address, error));
      return undefined;
    }
  }

  /** @param surplus bytes that came behind it */
  private gotAnswer(answer: Http1Answer, surplus: number): void {
    const { call, socket } = this;
    this.call = undefined;
    // What is left to be written, of a request that is answered already, would be in the way of the next.
    if (surplus > 0 || socket.writableLength > 0 || !this.keep(answer.keptMs)) this.destroy();
    else this.owner.onFree(this);
    call?.pending.succeed(answer);
  }

  /** Keeps the connection for as long as both want to. @returns whether it may be kept at all */
  private keep(peerKeepsMs: number): boolean {
    const keptMs = Math.min(this.parts.keptMs, Math.max(peerKeepsMs - AHEAD_OF_PEER_MS, peerKeepsMs / 2));
    if (keptMs !== this.keptMs) this.socket.setTimeout(keptMs);
    this.keptMs = keptMs;
    return keptMs > 0;
  }

  private gotIdle(): void {
    if (!this.call) this.destroy();
  }

  private gotClose(): void {
    const { call, failure, parts } = this;
    const { address } = parts.target;
    this.call = undefined;
    if (call) call.lane = undefined;
    this.owner.onGone(this, call?.stage === 'waiting' && !call.pending.settled ? call : undefined);
    if (!call || call.pending.settled) return;
    if (call.stage === 'sent') call.pending.fail(lost(address, failure));
    else if (call.stage === 'connecting')
      call.pending.fail(unreachable(address, failure ?? new Error('it was closed')));
  }
}
