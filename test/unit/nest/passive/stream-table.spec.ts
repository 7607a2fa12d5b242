import { describe, expect, it } from 'vitest';
import { MeshCode } from '../../../../lib/errors/mesh-code.js';
import { StreamTable } from '../../../../lib/nest/passive/stream-table.js';
import { handlerOf } from '../../../support/stream-fixtures.js';

describe('the table of handlers', () => {
  it('finds the handler of a topic, else that of its longest prefix', () => {
    const table = new StreamTable();
    for (const topic of ['a/*', 'a/b/*', 'a/b', '/*', '']) table.add(handlerOf({ topic }));
    const found = (topic: string) => table.find(topic)?.topic;
    expect(found('a/b')).toBe('a/b');
    expect(found('a/b/c')).toBe('a/b/*');
    expect(found('a/b/')).toBe('a/b/*');
    expect(found('a/c')).toBe('a/*');
    expect(found('/x')).toBe('/*');
    expect(found('')).toBe('');
    expect(found('a')).toBeUndefined();
    expect(found('ab')).toBeUndefined();
  });

  it('has messages in packets arrive with their counts', () => {
    const table = new StreamTable();
    table.add(handlerOf({ topic: 'a', splitting: {} }));
    expect(table.find('a')).toBeUndefined();
    expect(table.find('a-mesh-split-0')?.topic).toBe('a');
    expect(table.find('a-mesh-split-1')).toBeUndefined();
    table.add(handlerOf({ topic: 'a' }));
  });

  it.each(['a', 'a/*'])('refuses a second handler of %s', (topic) => {
    const table = new StreamTable();
    table.add(handlerOf({ topic, provider: 'One.chat' }));
    expect(() => table.add(handlerOf({ topic, provider: 'Two.chat' }))).toThrow(
      expect.objectContaining({
        code: MeshCode.INVALID_REQUEST,
        message: `the topic '${topic}' has two handlers, One.chat and Two.chat: it can have one`,
      }),
    );
  });
});
