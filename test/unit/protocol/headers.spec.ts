import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MeshCode } from '../../../lib/errors/mesh-code.js';
import { Header, isHeaderValue, readHeader, safeHeaderValue } from '../../../lib/protocol/headers.js';
import { rpcVectors } from '../../support/vectors.js';

const anyText = fc.string({ unit: fc.nat(0xffff).map((code) => String.fromCharCode(code)) });

describe('headers', () => {
  it('are lower case, each its own', () => {
    const names = Object.values(Header);
    expect(new Set(names).size).toBe(names.length);
    for (const name of names) expect(name).toMatch(/^[a-z-]+$/);
  });

  it('name all that the reference sends', () => {
    const known: readonly string[] = Object.values(Header);
    for (const { metadata } of rpcVectors()) for (const [name] of metadata) expect(known).toContain(name);
  });

  it.each([
    [Header.TECH_PROVIDER_CODE, 'x-ptp-tecn-provider-code'],
    [Header.SOURCE_NODE_ID, 'x-ptp-from-node-id'],
    [Header.SOURCE_INST_ID, 'x-ptp-from-inst-id'],
    [Header.TECH_PROVIDER_CODE, 'mesh-tech-provider-code'],
    [Header.TRACE_ID, 'mesh-trace-id'],
    [Header.TOKEN, 'mesh-token'],
    [Header.SESSION_ID, 'mesh-session-id'],
    [Header.SOURCE_NODE_ID, 'mesh-source-node-id'],
    [Header.SOURCE_INST_ID, 'mesh-source-inst-id'],
    [Header.TARGET_NODE_ID, 'mesh-target-node-id'],
    [Header.TARGET_INST_ID, 'mesh-target-inst-id'],
  ])('%s is also read as %s', (name, other) => {
    expect(readHeader({ [other]: 'other' }, name)).toBe('other');
    expect(readHeader({ [other]: 'other', [name]: '' }, name)).toBe('other');
    expect(readHeader({ [other]: 'other', [name]: 'right' }, name)).toBe('right');
  });

  it('are absent when empty or not there', () => {
    expect(readHeader({}, Header.TOKEN)).toBeUndefined();
    expect(readHeader({ [Header.TOKEN]: '' }, Header.TOKEN)).toBeUndefined();
    expect(readHeader({ 'x-ptp-from-node-id': '' }, Header.SOURCE_NODE_ID)).toBeUndefined();
  });

  it.each(['', 'a', 'vectors@127.0.0.1:19304', '{"a": "b"}', 'x'.repeat(8192)])('can be %j', (value) => {
    expect(safeHeaderValue('a', value)).toBe(value);
  });

  it.each(['a\r\nb: c', 'a\nb', '\0', '节点', '\u00e9', '\u007f', 'x'.repeat(8193)])('cannot be %j', (value) => {
    expect(isHeaderValue(value)).toBe(false);
    expect(() => safeHeaderValue('x-ptp-token', value)).toThrow(
      expect.objectContaining({
        code: MeshCode.INVALID_REQUEST,
        message: expect.stringContaining("'x-ptp-token'") as string,
      }),
    );
  });

  it('do not leak a value that cannot be sent', () => {
    expect(() => safeHeaderValue('x-ptp-token', 'geheim-ü')).toThrow(/^(?!.*geheim)/);
  });

  it('never let a line end through', () => {
    fc.assert(
      fc.property(anyText, (value) => {
        expect(isHeaderValue(value)).toBe([...value].every((char) => char >= ' ' && char <= '~'));
      }),
    );
  });
});
