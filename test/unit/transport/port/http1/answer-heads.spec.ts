import { describe, expect, it } from 'vitest';
import { AnswerHeads, checkStatus, hasBody } from '../../../../../lib/transport/port/http1/answer-heads.js';
import { readByNode } from '../../../../support/node-http-reading.js';

const REQUEST = Buffer.from('POST / HTTP/1.1\r\nhost: h\r\ncontent-length: 0\r\n\r\n');

/** Text without the second in which it was written. */
function undated(text: string): string {
  return text.replace(/Date: \w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT/, 'Date: now');
}

describe('the head of an answer', () => {
  const heads = new AnswerHeads(75_000);

  it.each([200, 201, 204, 304, 400, 404, 418, 500, 503, 599, 799])(
    'is what node:http writes with status %i',
    async (status) => {
      const headers = { 'x-answer': 'yes', 'content-type': 'text/plain', 'content-length': 2 };
      const { written } = await readByNode(REQUEST, { status, headers, body: 'ab' });
      expect(undated(heads.write(status, headers, 'kept') + (hasBody(status) ? 'ab' : ''))).toBe(undated(written));
      expect(undated(written)).toContain('Date: now');
    },
  );

  it('is what node:http writes when the connection ends with it, and has only one date', async () => {
    const headers = { date: 'today', 'content-length': 0 };
    const { written } = await readByNode(REQUEST, {
      status: 200,
      headers: { ...headers, connection: 'close' },
      body: '',
    });
    expect(heads.write(200, headers, 'closed')).toBe(written);
  });

  it('has the time in which it is written', () => {
    const [, date = ''] = /Date: (.*)\r\n/.exec(heads.write(200, {}, 'kept')) ?? [];
    expect(Math.abs(Date.parse(date) - Date.now())).toBeLessThan(5_000);
  });

  it.each([0, 99, 1_000, 200.5, NaN])('cannot have the status %d', (status) => {
    expect(() => checkStatus(status)).toThrow(RangeError);
  });
});
