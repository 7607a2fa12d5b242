import { basename, dirname } from 'node:path';
import { describe, expect, it } from 'vitest';
import { isInstalled, reasonToSkip } from '../../bench/installed.js';
import { RPC_PEERS } from '../../bench/peers.js';
import { describePeers } from '../../bench/section.js';

describe('peers that need a program', () => {
  it('are found in the folders of the PATH', () => {
    const [folder, program] = [dirname(process.execPath), basename(process.execPath)];
    expect(isInstalled(program, `/nowhere:${folder}`)).toBe(true);
    expect(isInstalled(program, '/nowhere')).toBe(false);
  });

  it('are left out without it, and the report says why', () => {
    const peer = { ...RPC_PEERS[0]!, name: 'some', program: 'no-such-program' };
    const why = reasonToSkip(peer) ?? '';
    expect(why).toBe('there is no no-such-program in the PATH');
    expect(reasonToSkip(RPC_PEERS[0]!)).toBeUndefined();
    expect(describePeers({ peers: [], skipped: [{ name: 'some', why }] })).toBe(`some  skipped: ${why}`);
  });
});
