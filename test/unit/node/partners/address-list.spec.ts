import { describe, expect, it } from 'vitest';
import { AddressList } from '../../../../lib/node/partners/address-list.js';

describe('AddressList', () => {
  it('begins in the order in which they are listed', () => {
    expect(new AddressList(['a', 'b', 'c']).inOrder()).toEqual(['a', 'b', 'c']);
  });

  it('puts that first which answered last', () => {
    const list = new AddressList(['a', 'b', 'c']);
    list.answered('b');
    expect(list.inOrder()).toEqual(['b', 'a', 'c']);
    list.answered('c');
    expect(list.inOrder()).toEqual(['c', 'a', 'b']);
  });

  it('puts that last which failed, for 5 s, or until it answers', () => {
    const list = new AddressList(['a', 'b', 'c']);
    list.answered('a');
    list.failed('a', 1_000);
    expect(list.inOrder(5_999)).toEqual(['b', 'c', 'a']);
    expect(list.inOrder(6_000)).toEqual(['a', 'b', 'c']);
    list.answered('a');
    expect(list.inOrder(1_001)).toEqual(['a', 'b', 'c']);
  });

  it('keeps them all when all have failed', () => {
    const list = new AddressList(['a', 'b']);
    list.failed('a', 1_000);
    list.failed('b', 1_000);
    expect(list.inOrder(1_001)).toEqual(['a', 'b']);
  });
});
