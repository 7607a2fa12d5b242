import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

/** A request as it came to a peer. */
export interface PeerRequest {
  /** Path and query. */
  readonly target: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** What a peer answers. */
export interface PeerAnswer {
  readonly contentType?: string;
  readonly body: Uint8Array;
}

/** A server over HTTP/1.1 that is not ours: it keeps each request, and answers with the next of the given bytes. */
export class HttpPeer {
  readonly requests: PeerRequest[] = [];

  private constructor(readonly address: string) {}

  /** Starts it; it is stopped when the test ends. */
  static async start(answers: readonly PeerAnswer[]): Promise<HttpPeer> {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(() => {
      server.close();
      server.closeAllConnections();
    });
    const peer = new HttpPeer(`127.0.0.1:${(server.address() as AddressInfo).port}`);
    server.on('request', (request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const headers = request.headers as Record<string, string>;
        const answer = answers[peer.requests.length];
        peer.requests.push({ target: request.url ?? '', headers, body: Buffer.concat(chunks) });
        if (!answer) return void response.writeHead(500).end();
        response.writeHead(200, answer.contentType ? { 'content-type': answer.contentType } : {}).end(answer.body);
      });
    });
    return peer;
  }
}
