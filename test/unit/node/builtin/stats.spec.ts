import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { LoopDelayMeter } from '../../../../lib/node/builtin/loop-delay.js';
import { Stats } from '../../../../lib/node/builtin/stats.js';

describe('the figures', () => {
  it('are told flat, as texts, and in groups, as numbers', () => {
    const stats = new Stats({
      services: () => [
        ['a.b', { served: 3, failed: 1, underWay: 0 }],
        ['a.c', { served: 1, failed: 0, underWay: 2 }],
      ],
      traffic: () => ({ unknown: 5, receivedBytes: 10, sentBytes: 20 }),
      connections: () => ({ inbound: 1, outbound: 2 }),
      sessions: () => ({ sessions: 1, queues: 2, messages: 3, bytes: 4, waiting: 5 }),
      forwarded: () => ({
        instances: { served: 6, failed: 0, underWay: 1 },
        partners: { LX2: { served: 7, failed: 8, underWay: 0 } },
      }),
    });
    onTestFinished(() => stats.close());
    expect(stats.figures()).toMatchObject({
      calls: { served: 4, failed: 1, underWay: 2, unknown: 5 },
      services: { 'a.b': { served: 3, failed: 1, underWay: 0 } },
    });
    expect(stats.flat(['services', 'bytes', 'sessions', 'forwarded'])).toEqual({
      'bytes.received': '10',
      'bytes.sent': '20',
      'sessions.sessions': '1',
      'sessions.queues': '2',
      'sessions.messages': '3',
      'sessions.bytes': '4',
      'sessions.waiting': '5',
      'forwarded.instances.served': '6',
      'forwarded.instances.failed': '0',
      'forwarded.instances.underWay': '1',
      'forwarded.partners.LX2.served': '7',
      'forwarded.partners.LX2.failed': '8',
      'forwarded.partners.LX2.underWay': '0',
      'services.a.b.served': '3',
      'services.a.b.failed': '1',
      'services.a.b.underWay': '0',
      'services.a.c.served': '1',
      'services.a.c.failed': '0',
      'services.a.c.underWay': '2',
    });
  });
});

describe('the delay of the event loop', () => {
  it('is measured from the first reading on', async () => {
    const meter = new LoopDelayMeter();
    onTestFinished(() => meter.close());
    expect(meter.read()).toMatchObject({ meanMs: 0, maxMs: 0 });
    await sleep(60);
    for (const until = performance.now() + 80; performance.now() < until;);
    await sleep(60);
    expect(meter.read().maxMs).toBeGreaterThan(10);
  });
});
