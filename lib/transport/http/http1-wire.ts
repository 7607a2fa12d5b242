import { Agent, request, type ClientRequest, type IncomingMessage } from 'node:http';
import { Agent as SecureAgent, request as secureRequest } from 'node:https';
import type { Socket } from 'node:net';
import type { Unsent } from '../../context/time-limits.js';
import { MeshCode } from '../../errors/mesh-code.js';
import { MeshError } from '../../errors/mesh-error.js';
import type { ResolvedMeshOptions } from '../../options/mesh-options.js';
import { refusedBy, unreachable } from '../failures.js';
import type { Carrier, PendingCall } from '../pending-call.js';
import type { Target } from '../target.js';
import { tooLong } from '../refusals.js';
import type { InboundAnswer } from '../transport.js';
import { AnswerBody } from './answer-body.js';
import type { HttpWire } from './http-connection.js';
import { lost } from './http-failures.js';
import { requestHeadOf } from './http-request-head.js';

/** How long a connection is kept for the next call, in ms; less when the peer says so. */
const KEPT_MS = 30_000;

/** What an {@link Http1Wire} needs of the options. */
export type Http1Options = Pick<ResolvedMeshOptions['http'], 'connections' | 'connectTimeoutMs'>;

/** Calls over HTTP/1.1: each has a connection for itself, which is kept for the next. */
export class Http1Wire implements HttpWire {
  private readonly agent: Agent;
  private readonly requests = new Set<Http1Call>();
  /** Those of the requests that went out. */
  private readonly sent = new Set<Http1Call>();

  /**
   * @param keptMs how long a connection without a call is kept, in ms. A call may take any time
   */
  constructor(
    private readonly target: Target,
    private readonly options: Http1Options,
    private readonly maxMessageBytes: number,
    keptMs = KEPT_MS,
  ) {
    const kept = { keepAlive: true, maxSockets: options.connections, timeout: keptMs, noDelay: true };
    const { secure, host } = target;
    this.agent = secure ? new SecureAgent({ ...kept, ...secure.optionsFor(host) }) : new Agent(kept);
  }

  send(pending: PendingCall<InboundAnswer>): void {
    const call = new Http1Call(pending, this.target, this.maxMessageBytes, this.options.connectTimeoutMs, {
      onSent: () => this.sent.add(call),
      onOver: () => void (this.requests.delete(call) && this.sent.delete(call)),
      isAnswering: () => this.sent.size > 0,
    });
    this.requests.add(call);
    call.send(this.agent);
  }

  close(): Promise<void> {
    this.agent.destroy();
    return Promise.resolve();
  }

  destroy(): void {
    for (const call of this.requests) call.destroy();
    this.agent.destroy();
  }
}

/** What carries a call, as the call sees it. */
interface Http1CallOwner {
  /** It has a connection. */
  onSent(): void;
  /** It has ended. */
  onOver(): void;
  /** Whether there are calls for whose connections it may be waiting. */
  isAnswering(): boolean;
}

/** One call over HTTP/1.1. */
class Http1Call implements Carrier {
  private request: ClientRequest | undefined;
  private state: 'waiting' | 'connecting' | 'sent' = 'waiting';

  constructor(
    private readonly pending: PendingCall<InboundAnswer>,
    private readonly target: Target,
    private readonly maxMessageBytes: number,
    private readonly connectTimeoutMs: number,
    private readonly owner: Http1CallOwner,
  ) {
    pending.carrier = this;
  }

  /** A call that waits for one of the connections is connecting only when none of them was ever taken. */
  get unsent(): Unsent | undefined {
    if (this.state === 'sent' || (this.state === 'waiting' && this.owner.isAnswering())) return undefined;
    return { stage: 'connecting', address: this.target.address };
  }

  send(agent: Agent): void {
    const { pending, target } = this;
    const { address, host, port, secure } = target;
    const ask = secure ? secureRequest : request;
    try {
      const { path, headers } = requestHeadOf(pending.call);
      const sent = ask({ agent, host, port, method: 'POST', path, headers: { ...headers, host: address } });
      this.follow(sent, agent);
    } catch (error) {
      this.owner.onOver();
      pending.fail(refusedBy(error));
    }
  }

  abandon(): void {
    this.request?.destroy();
  }

  destroy(): void {
    this.pending.fail(lost(this.target.address, new Error('it was destroyed')));
    this.request?.destroy();
  }

  private follow(sent: ClientRequest, agent: Agent): void {
    this.request = sent;
    this.state = 'waiting';
    sent.on('socket', (socket) => this.gotSocket(socket, sent));
    sent.on('response', (response) => this.gotResponse(response));
    sent.on('error', (error) => {
      // The peer has closed a connection that was kept, before anything was sent: another is taken.
      if (this.state === 'waiting' && sent.reusedSocket && !this.pending.settled) this.send(agent);
      else this.gotError(error);
    });
    sent.on('close', () => {
      if (this.request === sent) this.gotClose();
    });
  }

  private gotSocket(socket: Socket, sent: ClientRequest): void {
    // Whether a connection that was kept is still there shows once what has come on it was read.
    if (sent.reusedSocket) return void setImmediate(() => this.write(sent));
    this.state = 'connecting';
    if (socket.connecting) this.awaitConnection(socket);
    sent.end(this.pending.call.body);
  }

  private awaitConnection(socket: Socket): void {
    const { connectTimeoutMs, target } = this;
    const tooLate = (): unknown => socket.destroy(new Error(`it was not taken within ${connectTimeoutMs} ms`));
    const timer = setTimeout(tooLate, connectTimeoutMs).unref();
    socket.once('close', () => clearTimeout(timer));
    socket.once(target.secure ? 'secureConnect' : 'connect', () => {
      clearTimeout(timer);
      this.goesOut();
    });
  }

  private goesOut(): void {
    this.state = 'sent';
    this.owner.onSent();
  }

  private write(sent: ClientRequest): void {
    if (this.request !== sent || sent.destroyed) return;
    this.goesOut();
    sent.end(this.pending.call.body);
  }

  private gotError(error: Error): void {
    const { address } = this.target;
    if (this.state === 'sent') this.pending.fail(lost(address, error));
    else if (this.state === 'connecting') this.pending.fail(unreachable(address, error));
  }

  private gotResponse(response: IncomingMessage): void {
    const { maxMessageBytes, pending } = this;
    const length = Number(response.headers['content-length'] ?? 0);
    if (length > maxMessageBytes) return this.refuse(tooLong(length, maxMessageBytes));
    const answer = new AnswerBody(response.statusCode ?? 0, response.headers, maxMessageBytes);
    response.on('data', (chunk: Buffer) => {
      const refusal = answer.push(chunk);
      if (refusal) this.refuse(refusal);
    });
    response.on('end', () => pending.succeed(answer.finish()));
    response.on('error', (error) => this.gotError(error));
  }

  private refuse(error: MeshError): void {
    this.pending.fail(error);
    this.request?.destroy();
  }

  private gotClose(): void {
    this.owner.onOver();
    if (this.pending.settled) return;
    // Whatever happened, nobody is left waiting.
    this.pending.fail(new MeshError(MeshCode.UNREACHABLE, `the call to ${this.target.address} was not answered`));
  }
}
