import { describe, expect, it } from 'vitest';
import { Partner } from '../../../../lib/node/partners/partner.js';
import { PartnerTable } from '../../../../lib/node/partners/partner-table.js';
import { resolveMeshOptions } from '../../../../lib/options/resolve-options.js';
import type { SessionParties } from '../../../../lib/protocol/session-call.js';
import { formats, standard, thrownBy } from '../../../support/dialect-fixtures.js';

const { partners } = resolveMeshOptions(
  {
    partners: [
      { nodeId: 'LX2', instId: 'JG2', address: 'a' },
      { nodeId: 'LX3', instId: 'JG3', address: 'a' },
      { nodeId: 'LX4', instId: 'jg3', address: 'a' },
      { nodeId: 'LX5', address: 'a' },
    ],
  },
  {},
);
const table = new PartnerTable(partners.map((route) => new Partner(route, standard, formats)));

function target(targetNodeId: string, targetInstId = ''): SessionParties {
  return { sourceNodeId: '', sourceInstId: '', targetNodeId, targetInstId };
}

describe('PartnerTable', () => {
  it.each([
    ['a node', target('LX2'), 'LX2'],
    ['a node in another case', target('lx2'), 'LX2'],
    ['a node before its institution', target('LX5', 'JG2'), 'LX5'],
    ['an institution', target('', 'jg2'), 'LX2'],
    ['the first node of an institution with two', target('', 'JG3'), 'LX3'],
  ])('finds %s', (_, parties, nodeId) => {
    expect(table.find(parties).route.nodeId).toBe(nodeId);
  });

  it.each([
    ['a node', target('LX9'), `the node "LX9" is not in the network: no partner has this id`],
    ['a node of a known institution', target('LX9', 'JG2'), `the node "LX9" is not`],
    ['an institution', target('', 'JG9'), `the institution "JG9" is not`],
    ['a name of every object', target('constructor'), `the node "constructor" is not`],
    ['a line break', target('a\r\nb'), `the node "a\\r\\nb" is not`],
  ])('does not find %s', (_, parties, message) => {
    const error = thrownBy(() => table.find(parties));
    expect(error.code).toBe('E0000000618');
    expect(error.message).toContain(message);
  });
});
