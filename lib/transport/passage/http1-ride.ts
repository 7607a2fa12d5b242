import { type Agent, type ClientRequest, type IncomingMessage, type OutgoingHttpHeaders, request } from 'node:http';
import { request as secureRequest } from 'node:https';
import { connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { toMeshError } from '../../errors/from-unknown.js';
import { MeshCode } from '../../errors/mesh-code.js';
import { MeshError } from '../../errors/mesh-error.js';
import { ByteReader } from '../byte-reader.js';
import { refusedBy, unreachable } from '../failures.js';
import { endToEnd } from '../hop-by-hop.js';
import type { OnwardRequest } from '../onward.js';
import type { Target } from '../target.js';
import type { PassageAnswer } from '../transport.js';
import { pump } from './pump.js';

/** One request on its way on, over HTTP/1.1. */
export class Http1Ride {
  /** What the server answers. */
  readonly answer: Promise<PassageAnswer>;
  private resolve!: (answer: PassageAnswer) => void;
  private reject!: (error: MeshError) => void;
  private sent: ClientRequest | undefined;
  private upgraded: Duplex | undefined;
  private state: 'waiting' | 'connecting' | 'sent' | 'over' = 'waiting';
  private connectTimer: NodeJS.Timeout | undefined;
  private forget = (): void => undefined;

  /**
   * @param connectTimeoutMs time for a connection to come up, in ms
   * @param onOver told once, when nothing is under way any more
   */
  constructor(
    private readonly request: OnwardRequest,
    private readonly target: Target,
    private readonly agent: Agent,
    private readonly connectTimeoutMs: number,
    private readonly onOver: () => void,
  ) {
    this.answer = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
    this.forget = request.cancellation.onCancel((reason) => this.finish(reason));
    if (!request.cancellation.reason) this.send();
  }

  /** Ends it at once. */
  destroy(): void {
    this.finish(this.lost('it was destroyed'));
  }

  private send(): void {
    const { host, port, secure } = this.target;
    const { method, target: path, upgrade } = this.request;
    const ask = secure ? secureRequest : request;
    const options = { host, port, method, path, headers: this.headers(), setHost: false };
    try {
      // What becomes something else than HTTP is closed by each side for itself, which an agent's connections are not.
      const own = {
        agent: false as const,
        createConnection: () => connect({ host, port, allowHalfOpen: true, noDelay: true }),
      };
      this.follow(ask({ ...options, ...(upgrade !== '' && !secure ? own : { agent: this.agent }) }));
    } catch (error) {
      this.finish(refusedBy(error));
    }
  }

  private headers(): OutgoingHttpHeaders {
    const { headers, length, upgrade, method } = this.request;
    const sent: OutgoingHttpHeaders = { host: this.target.address, ...(headers as OutgoingHttpHeaders) };
    if (length === undefined) sent['transfer-encoding'] = 'chunked';
    else if (length > 0 || METHODS_WITH_BODY.has(method)) sent['content-length'] = String(length);
    if (upgrade !== '') Object.assign(sent, { connection: 'Upgrade', upgrade });
    return sent;
  }

  private follow(sent: ClientRequest): void {
    this.sent = sent;
    this.state = 'waiting';
    sent.on('socket', (socket) => this.gotSocket(socket, sent));
    sent.on('response', (response) => this.gotResponse(response));
    sent.on('upgrade', (response, socket, head) => this.gotUpgrade(response, socket, head));
    sent.on('error', (error) => {
      // The server has closed a connection that was kept, before anything was sent: another is taken.
      if (this.sent === sent && this.state === 'waiting' && sent.reusedSocket) this.send();
      else this.gotError(error);
    });
    sent.on('close', () => {
      if (this.sent === sent && !this.upgraded) this.finish(this.lost('it was closed'));
    });
  }

  private gotSocket(socket: Socket, sent: ClientRequest): void {
    // Whether a connection that was kept is still there shows once what has come on it was read.
    if (sent.reusedSocket) {
      return void setImmediate(() => {
        if (socket.readableEnded) sent.destroy(new Error('the server has closed the connection'));
        else this.gotConnection(sent);
      });
    }
    this.state = 'connecting';
    const { secure } = this.target;
    if (!socket.connecting) return this.gotConnection(sent);
    this.connectTimer = setTimeout(() => {
      sent.destroy(new Error(`it was not taken within ${this.connectTimeoutMs} ms`));
    }, this.connectTimeoutMs).unref();
    socket.once(secure ? 'secureConnect' : 'connect', () => this.gotConnection(sent));
  }

  private gotConnection(sent: ClientRequest): void {
    if (this.sent !== sent || sent.destroyed || this.state === 'over') return;
    clearTimeout(this.connectTimer);
    this.state = 'sent';
    const { length, upgrade } = this.request;
    if (length === 0 || upgrade !== '') return void sent.end();
    sent.flushHeaders();
    this.sendBody(sent).catch((error: unknown) => this.finish(toMeshError(error)));
  }

  private async sendBody(sent: ClientRequest): Promise<void> {
    const { body, length, trailers } = this.request;
    await pump(body, sent, length);
    if (sent.destroyed) return;
    const behind = Object.entries(endToEnd(trailers())).map(([name, value]): [string, string] => [name, String(value)]);
    if (length === undefined && behind.length > 0) sent.addTrailers(behind);
    sent.end();
  }

  private gotResponse(response: IncomingMessage): void {
    const body = new ByteReader({
      stream: response,
      isWhole: () => response.complete,
      failure: () => this.lost('it was closed before the end of the answer'),
      onLeft: () => this.finish(this.lost('the answer was left')),
    });
    response.once('end', () => this.gotEnd());
    this.resolve({
      status: response.statusCode ?? 0,
      headers: endToEnd(response.headers),
      body,
      trailers: () => endToEnd(response.trailers),
    });
  }

  private gotUpgrade(response: IncomingMessage, socket: Duplex, head: Buffer): void {
    this.upgraded = socket;
    if (head.length > 0) socket.unshift(head);
    let failure: MeshError | undefined;
    const body = new ByteReader({
      stream: socket,
      isWhole: () => true,
      failure: () => failure ?? this.lost('it was closed'),
      onLeft: () => void socket.destroy(),
    });
    socket.once('close', () => this.finish(this.lost('it was closed')));
    this.resolve({ status: 101, headers: { ...endToEnd(response.headers), ...upgradeIn(response) }, body });
    pump(this.request.body, socket, undefined).then(
      () => void socket.end(),
      (error: unknown) => {
        failure = toMeshError(error);
        socket.destroy();
      },
    );
  }

  /** The answer is there; a body that is still being sent is of no use to anybody, and its connection of none to others. */
  private gotEnd(): void {
    if (!this.sent?.writableFinished) this.sent?.destroy();
  }

  private gotError(error: Error): void {
    const { address } = this.target;
    this.finish(this.state === 'sent' ? this.lost(error.message) : unreachable(address, error));
  }

  private finish(error: MeshError): void {
    if (this.state === 'over') return;
    this.state = 'over';
    clearTimeout(this.connectTimer);
    this.forget();
    this.reject(error);
    this.upgraded?.destroy();
    if (!this.sent?.closed) this.sent?.destroy();
    this.onOver();
  }

  private lost(why: string): MeshError {
    return new MeshError(MeshCode.UNREACHABLE, `the connection to ${this.target.address} was lost: ${why}`);
  }
}

/** Methods whose requests say how long their body is even when there is none. */
const METHODS_WITH_BODY: ReadonlySet<string> = new Set(['POST', 'PUT', 'PATCH']);

function upgradeIn({ headers }: IncomingMessage): Record<string, string> {
  return headers.upgrade === undefined ? {} : { upgrade: headers.upgrade };
}
