import { Server, ServerCredentials, type ServerDuplexStream } from '@grpc/grpc-js';

/** A request as a {@link ReplayServer} received it. */
export interface Received {
  /** The gRPC path. */
  readonly path: string;
  /** The gRPC metadata. */
  readonly metadata: Readonly<Record<string, string>>;
  /** The body. */
  readonly request: string;
}

/** A plain grpc-js server that serves `/mesh-rpc/v1` as the reference SDK does, as a stream, and answers what it is told to. */
export class ReplayServer {
  private reply = '';
  private received: Received[] = [];

  private constructor(
    private readonly server: Server,
    /** Where it listens, `host:port`. */
    readonly address: string,
  ) {}

  /** Starts one on a free port. */
  static async start(): Promise<ReplayServer> {
    const server = new Server();
    const port = await new Promise<number>((resolve, reject) => {
      const bound = (error: Error | null, at: number): void => (error ? reject(error) : resolve(at));
      server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), bound);
    });
    const replay = new ReplayServer(server, `127.0.0.1:${port}`);
    const same = (body: Buffer): Buffer => body;
    const v1 = {
      path: '/mesh-rpc/v1',
      requestStream: true,
      responseStream: true,
      requestSerialize: same,
      requestDeserialize: same,
      responseSerialize: same,
      responseDeserialize: same,
    };
    server.addService({ v1 }, { v1: (call: ServerDuplexStream<Buffer, Buffer>) => replay.serve(call) });
    return replay;
  }

  /** Answers this from now on. */
  replyWith(reply: string): void {
    this.reply = reply;
    this.received = [];
  }

  /** The requests since {@link replyWith}. */
  taken(): readonly Received[] {
    return this.received;
  }

  /** Stops it at once. */
  stop(): void {
    this.server.forceShutdown();
  }

  private serve(call: ServerDuplexStream<Buffer, Buffer>): void {
    const metadata = call.metadata.getMap() as Record<string, string>;
    call.on('data', (request: Buffer) => {
      this.received.push({ path: call.getPath(), metadata, request: request.toString() });
      call.write(Buffer.from(this.reply));
    });
    call.on('end', () => call.end());
    call.on('error', () => undefined);
  }
}
