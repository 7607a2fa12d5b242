import { describe, expect, it } from 'vitest';
import { NodeDescription } from '../../../../lib/node/administration/node-description.js';
import { caught } from '../../../support/caught.js';

const own = { nodeId: 'LXA', instId: 'JGA' };

/** A text that is kept in memory. */
function keptText(text?: string) {
  const kept = { text, read: () => kept.text, write: async (now: string) => void (kept.text = now) };
  return kept;
}

describe('the description of a node', () => {
  it('is known from the beginning', () => {
    expect(new NodeDescription(own).environ()).toEqual({
      version: '1.0.0',
      node_id: 'LXA',
      inst_id: 'JGA',
      inst_name: '',
      root_crt: '',
      root_key: '',
      node_crt: '',
    });
  });

  it('takes what is said, and keeps it', async () => {
    const kept = keptText();
    const description = new NodeDescription(own, kept);
    await description.refresh({ instName: 'A', root_crt: 'root', root_key: 'secret', address: 'a,b:1' });
    await description.refresh({ inst_id: 'jga', node_crt: 'crt', version: null });
    const again = new NodeDescription(own, kept);
    for (const one of [description, again]) {
      expect(one.environ()).toMatchObject({
        version: '1.0.0',
        inst_name: 'A',
        root_crt: 'root',
        root_key: '',
        node_crt: 'crt',
      });
      expect(one.address).toBe('a:1,b:1');
    }
    expect(kept.text).not.toContain('secret');
    await again.refresh({ inst_name: '', address: '' });
    expect([again.environ().inst_name, again.address]).toEqual(['', '']);
  });

  it('stays as it was when it cannot be kept', async () => {
    const description = new NodeDescription(own, {
      read: () => undefined,
      write: () => Promise.reject(new Error('disk full')),
    });
    await expect(description.refresh({ inst_name: 'A' })).rejects.toThrow('disk full');
    expect(description.environ().inst_name).toBe('');
  });

  it.each(['{', '[]', '{"inst_name":{}}', '{"address":"?"}'])('does not begin with %s', (text) => {
    expect(() => new NodeDescription(own, keptText(text))).toThrow(expect.objectContaining({ code: 'E0000000400' }));
  });

  it.each([[{ node_id: 'LXB' }], [{ inst_id: 'JGB' }]])('is never that of another: %j', async (value) => {
    expect(await caught(new NodeDescription(own).refresh(value))).toMatchObject({ code: 'E0000000614' });
  });
});
