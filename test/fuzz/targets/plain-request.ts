import { deepStrictEqual, ok } from 'node:assert';
import { beginsPlainly, readPlainRequest } from '../../../lib/transport/port/http1/plain-request.js';
import { filledUp, readByNode } from '../../support/node-http-reading.js';
import type { Target } from '../target.js';

const NEXT = Buffer.from('GET /next HTTP/1.1\r\nhost: next\r\n\r\n');

/**
 * A plain request over HTTP/1.1 is the same for `node:http`, to the last byte: where it ends, the next begins. It may come of each of
 * its beginnings.
 */
export const PLAIN_REQUEST: Target = {
  name: 'plain-request',
  shape: 'bytes',
  parallel: 1,
  open: async () => ({
    feed: async (input) => {
      const request = readPlainRequest(input, 0);
      if (!request) return 'left to node:http';
      const { target, headers, body, end } = request;
      const whole = filledUp(input, end);
      if (!whole) return 'a long body';
      const { requests, others } = await readByNode(Buffer.concat([whole, NEXT]));
      const sent = body.toString('latin1').padEnd(Number(headers['content-length']), '.');
      const read = { method: 'POST', target, headers: { ...headers }, body: sent };
      const head = whole.subarray(0, end - Number(headers['content-length']));
      for (let length = 1; length < head.length; length += 1 + (head.length >> 6))
        ok(beginsPlainly(head.subarray(0, length), 0));
      deepStrictEqual([requests[0], requests[1]?.target, requests.length, others], [read, '/next', 2, []]);
      return `${Math.min(8, Object.keys(headers).length)} fields`;
    },
    check: async () => undefined,
    close: () => undefined,
  }),
};
