import { describe, expect, it } from 'vitest';
import { FLAGS, variableOf } from '../../../lib/cli/flags.js';
import { mergeLayers } from '../../../lib/cli/layers.js';
import { readVariables } from '../../../lib/cli/variables.js';

const valuesOf = (env: NodeJS.ProcessEnv) => mergeLayers(readVariables(env).layers).values;

describe('the variables of mesh-node', () => {
  it('say what the flags say', () => {
    const env = {
      MESH_NODE_ID: ' LX1 ',
      MESH_PORT: '8304',
      MESH_PARTNER: 'LX2=a:1; LX3@JG3=b,c:2',
      MESH_ADDRESS: 'a,b:1',
    };

    expect(valuesOf(env)).toEqual({
      nodeId: 'LX1',
      listen: { port: 8304 },
      partners: [
        { nodeId: 'LX2', address: 'a:1' },
        { nodeId: 'LX3', instId: 'JG3', address: 'b,c:2' },
      ],
      addresses: ['a', 'b:1'],
    });
  });

  it('are there for every flag', () => {
    const env = Object.fromEntries(FLAGS.map(({ name }) => [variableOf(name), 'a=b']));

    expect(readVariables(env).layers).toHaveLength(FLAGS.length);
    expect(readVariables(env).doubts).toEqual([]);
  });

  it('say any option in MESH_OPTIONS, which the variable of one option goes before', () => {
    const MESH_OPTIONS = JSON.stringify({ sessions: { maxQueueMessages: 5 }, name: 'all' });

    expect(valuesOf({ MESH_OPTIONS, MESH_NAME: 'one' })).toEqual({ sessions: { maxQueueMessages: 5 }, name: 'one' });
  });

  it('name the port by MESH_RUNTIME, which MESH_PORT goes before', () => {
    expect(valuesOf({ MESH_RUNTIME: '10.0.0.1:8570' })).toEqual({ listen: { port: 8570 } });
    expect(valuesOf({ MESH_RUNTIME: '10.0.0.1:8570', MESH_PORT: '1' })).toEqual({ listen: { port: 1 } });
  });

  it('let MESH_REGISTER decide whether the node registers elsewhere', () => {
    expect(valuesOf({ MESH_REGISTER: '1' })).toEqual({ registry: {} });
    expect(valuesOf({ MESH_REGISTER: '0' })).toEqual({ registry: false });
  });

  it('are absent when empty', () => {
    expect(readVariables({ MESH_NAME: ' ', MESH_OPTIONS: '', MESH_CONFIG: '' })).toEqual({
      config: undefined,
      layers: [],
      problems: [],
      doubts: [],
    });
  });

  it.each(['[1]', '{"token":"s3cret"'])('do not quote a MESH_OPTIONS that is none: %s', (MESH_OPTIONS) => {
    expect(readVariables({ MESH_OPTIONS }).problems).toEqual([
      'MESH_OPTIONS must be a JSON object of options, such as {"timeoutMs":5000}',
    ]);
  });

  it('are doubted when they are nearly one that is read', () => {
    expect(readVariables({ MESH_NODEID: 'x', MESH_DIRECT: '', MESH_SOMETHING: 'x' }).doubts).toEqual([
      'the variable MESH_NODEID is not read (did you mean MESH_NODE_ID?)',
    ]);
  });
});
