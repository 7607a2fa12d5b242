import { describe, expect, it } from 'vitest';
import { Cancellation } from '../../../../../lib/context/cancellation.js';
import { MeshError } from '../../../../../lib/errors/mesh-error.js';
import { onwardRequest } from '../../../../../lib/node/gateway/passage/onward-request.js';
import type { InboundPassage } from '../../../../../lib/transport/transport.js';
import { chunks } from '../../../../support/passages.js';

function passage(more: Partial<InboundPassage> = {}): InboundPassage {
  return {
    path: '/a',
    query: 'b',
    target: '/a?b',
    headers: {},
    wire: 'http',
    method: 'GET',
    contentType: '',
    version: '1.1',
    scheme: 'https',
    length: 0,
    upgrade: '',
    deadline: Infinity,
    cancellation: new Cancellation(),
    peer: '[fd00::7]:4711',
    body: chunks(),
    trailers: () => ({}),
    ...more,
  };
}

describe('a request on its way on', () => {
  it('says who called, through what, and which nodes it has passed', () => {
    const headers = { host: 'h', 'x-forwarded-for': '1.2.3.4', 'x-forwarded-proto': 'ftp', 'mesh-nodes-passed': 'LX1' };
    expect(onwardRequest(passage({ headers }), 'LX2').headers).toEqual({
      host: 'h',
      'x-forwarded-for': '1.2.3.4, fd00::7',
      'x-forwarded-proto': 'https',
      'x-forwarded-host': 'h',
      'mesh-nodes-passed': 'LX1,LX2',
    });
  });

  it('says nothing of a host that nobody named', () => {
    const { headers } = onwardRequest(passage({ headers: { 'x-forwarded-host': 'evil' }, peer: '10.0.0.7:1' }), 'LX2');
    expect(headers['x-forwarded-host']).toBeUndefined();
    expect(headers['x-forwarded-for']).toBe('10.0.0.7');
  });

  it('leaves behind what belongs to the connection, and what the connection names', () => {
    const behind = {
      connection: 'Keep-Alive, X-Hop, host',
      'keep-alive': '1',
      'x-hop': '1',
      te: 'trailers',
      trailer: 'x',
      'transfer-encoding': 'chunked',
      upgrade: 'h2c',
      'http2-settings': 'x',
      'proxy-authorization': 'x',
      'proxy-connection': 'x',
      'content-length': '7',
      expect: '100-continue',
      forwarded: 'for=x',
    };
    const { headers } = onwardRequest(passage({ headers: { ...behind, host: 'h', 'x-end': '1' } }), 'LX2');
    expect(Object.keys(headers).toSorted()).toEqual([
      'mesh-nodes-passed',
      'x-end',
      'x-forwarded-for',
      'x-forwarded-host',
      'x-forwarded-proto',
    ]);
  });

  it.each([['lx2'], [Array.from({ length: 17 }, (_, at) => `N${at}`).join(',')]])(
    'is cut where it goes in circles: %s',
    (passed) => {
      const send = (): unknown => onwardRequest(passage({ headers: { 'mesh-nodes-passed': passed } }), 'LX2');
      expect(send).toThrow(MeshError);
    },
  );
});
