import { describe, expect, it } from 'vitest';
import { Redeliveries } from '../../../../lib/session/conversation/redeliveries.js';

const handed = (messageId: string) => ({ messageId, state: 'handed' as const, acknowledge: () => undefined });

describe('messages that may come again', () => {
  it('are recognised once, by their id', () => {
    const redeliveries = new Redeliveries<ReturnType<typeof handed>>();
    const message = handed('a');
    redeliveries.expect(message);
    redeliveries.expect(handed(''));
    expect(redeliveries.recognise('b')).toBeUndefined();
    expect(redeliveries.recognise('')).toBeUndefined();
    expect(redeliveries.recognise('a')).toBe(message);
    expect(redeliveries.recognise('a')).toBeUndefined();
  });

  it('are forgotten as soon as another message may have the same id, and when there are too many', () => {
    const redeliveries = new Redeliveries<ReturnType<typeof handed>>();
    redeliveries.expect(handed('a'), 1_000);
    expect(redeliveries.recognise('a', 121_000)).toBeUndefined();
    for (let i = 0; i <= 1_024; i++) redeliveries.expect(handed(`${i}`));
    expect(redeliveries.recognise('0')).toBeUndefined();
    expect(redeliveries.recognise('1')?.messageId).toBe('1');
  });
});
