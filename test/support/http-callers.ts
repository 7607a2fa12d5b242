import { request } from 'node:http';
import { connect } from 'node:http2';
import { onTestFinished } from 'vitest';

/** An answer as it stood on the wire. */
export interface HttpAnswer {
  readonly status: number;
  readonly contentType: string | undefined;
  readonly body: Buffer;
}

/** Posts bytes to a path with these headers and no others that say anything. */
export type Post = (
  path: string,
  headers: Readonly<Record<string, string>>,
  body: string | Uint8Array,
) => Promise<HttpAnswer>;

/** Posts over HTTP/1.1: node:http, and nothing of the project. */
export function http1Caller(address: string): Post {
  return (path, headers, body) =>
    new Promise((resolve, reject) => {
      const call = request(`http://${address}${path}`, { method: 'POST', headers, agent: false }, (answer) => {
        const chunks: Buffer[] = [];
        answer.on('data', (chunk: Buffer) => chunks.push(chunk)).on('error', reject);
        answer.on('end', () => {
          const { statusCode = 0, headers: answered } = answer;
          resolve({ status: statusCode, contentType: answered['content-type'], body: Buffer.concat(chunks) });
        });
      });
      call.on('error', reject).end(body);
    });
}

/** Posts over HTTP/2 with prior knowledge: node:http2, and nothing of the project. */
export function http2Caller(address: string): Post {
  const session = connect(`http://${address}`);
  onTestFinished(() => session.destroy());
  return (path, headers, body) =>
    new Promise((resolve, reject) => {
      const stream = session.request({ ':method': 'POST', ':path': path, ...headers });
      const chunks: Buffer[] = [];
      let status = 0;
      let contentType: string | undefined;
      stream.on('response', (answered) => {
        status = Number(answered[':status']);
        contentType = answered['content-type'];
      });
      stream.on('data', (chunk: Buffer) => chunks.push(chunk)).on('error', reject);
      stream.on('end', () => resolve({ status, contentType, body: Buffer.concat(chunks) }));
      stream.end(body);
    });
}
