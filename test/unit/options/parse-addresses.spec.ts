import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseAddresses } from '../../../lib/options/parse-addresses.js';
import { Problems } from '../../../lib/options/problems.js';

function parse(text: string): readonly string[] | undefined {
  return parseAddresses(text, 'address', new Problems());
}

describe('parseAddresses', () => {
  it.each([
    ['a:1', ['a:1']],
    ['a', ['a:7304']],
    ['a,b,c:7300', ['a:7300', 'b:7300', 'c:7300']],
    ['a:1,b', ['a:1', 'b:1']],
    ['a,b:1,c,d:2,e', ['a:1', 'b:1', 'c:2', 'd:2', 'e:2']],
    [' a , b:1 ,', ['a:1', 'b:1']],
    ['[::1],[fd00::7]:1', ['[::1]:1', '[fd00::7]:1']],
    ['10.0.0.7,node.example:80', ['10.0.0.7:80', 'node.example:80']],
  ])('reads %j', (text, addresses) => {
    expect(parse(text)).toEqual(addresses);
  });

  it.each(['a:0', 'a,b:0', 'a:65536', 'a b', 'http://a:1', '::1', 'a:1;b:2', '1.2.3'])('refuses %j', (text) => {
    const problems = new Problems();
    expect(parseAddresses(text, 'partners[0].address', problems)).toBeUndefined();
    expect(() => problems.throwIfAny()).toThrow('partners[0].address must be host:port');
  });

  it.each(['', ',', ' , '])('wants at least one in %j', (text) => {
    const problems = new Problems();
    expect(parseAddresses(text, 'address', problems)).toBeUndefined();
    expect(() => problems.throwIfAny()).toThrow('address must name at least one address, got none');
  });

  it('gives what it reads the same way again, whatever the text', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('a', 'b', '1', ':', ',', '.', ' ', '[', ']') }), (text) => {
        const read = parse(text);
        if (read) expect(parse(read.join())).toEqual(read);
      }),
    );
  });
});
