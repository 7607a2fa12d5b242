import { deepStrictEqual } from 'node:assert';
import { readPlainRequest } from '../../../lib/transport/port/http1/plain-request.js';
import { readByNode } from '../../support/node-http-reading.js';
import type { Target } from '../target.js';

const NEXT = Buffer.from('GET /next HTTP/1.1\r\nhost: next\r\n\r\n');

/** A plain request over HTTP/1.1 is the same for `node:http`, to the last byte: where it ends, the next begins. */
export const PLAIN_REQUEST: Target = {
  name: 'plain-request',
  shape: 'bytes',
  parallel: 1,
  open: async () => ({
    feed: async (input) => {
      const request = readPlainRequest(input, 0);
      if (!request) return 'left to node:http';
      const { target, headers, body, end } = request;
      const { requests, others } = await readByNode(Buffer.concat([input.subarray(0, end), NEXT]));
      const read = { method: 'POST', target, headers: { ...headers }, body: body.toString('latin1') };
      deepStrictEqual([requests[0], requests[1]?.target, requests.length, others], [read, '/next', 2, []]);
      return `${Math.min(8, Object.keys(headers).length)} fields`;
    },
    check: async () => undefined,
    close: () => undefined,
  }),
};
