import { describe, expect, it } from 'vitest';
import { readArguments } from '../../../lib/cli/arguments.js';
import { mergeLayers } from '../../../lib/cli/layers.js';

const valuesOf = (...argv: string[]) => mergeLayers(readArguments(argv).layers).values;
const problemsOf = (...argv: string[]) => readArguments(argv).problems;

describe('the command line', () => {
  it('says options', () => {
    expect(valuesOf('--port', '0', '--host=::1', '--node-id', 'LX1', '--drain-timeout-ms', '50')).toEqual({
      listen: { port: 0, host: '::1' },
      nodeId: 'LX1',
      drainTimeoutMs: 50,
    });
  });

  it('leaves what is no number to the check of the options', () => {
    expect(valuesOf('--port', 'abc')).toEqual({ listen: { port: 'abc' } });
  });

  it('names partners, with or without their institution', () => {
    expect(valuesOf('--partner', 'LX2=a,b,c:7304', '--partner', 'LX3@JG3=[::1]:1')).toEqual({
      partners: [
        { nodeId: 'LX2', address: 'a,b,c:7304' },
        { nodeId: 'LX3', instId: 'JG3', address: '[::1]:1' },
      ],
    });
  });

  it('sets any option, to JSON or a text', () => {
    const values = valuesOf(
      '--set',
      'sessions.maxQueueMessages=5',
      '--set',
      'sessions.whenFull=fail',
      '--set',
      'use={"a":"b"}',
    );

    expect(values).toEqual({ sessions: { maxQueueMessages: 5, whenFull: 'fail' }, use: { a: 'b' } });
  });

  it('goes by the named flag where --set says otherwise', () => {
    expect(valuesOf('--name', 'flag', '--set', 'name=set')).toEqual({ name: 'flag' });
  });

  it.each([
    [['--help', '--check'], 'help'],
    [['-h'], 'help'],
    [['-v'], 'version'],
    [['--check'], 'check'],
    [[], 'run'],
  ])('%s asks for %s', (argv, command) => {
    expect(readArguments(argv).command).toBe(command);
  });

  it.each([
    [['--prot', '1'], 'unknown flag --prot (did you mean --port?)'],
    [['--nothing-like-it'], 'unknown flag --nothing-like-it; see --help'],
    [['-x'], 'unknown flag -x; see --help'],
    [['node.yaml'], "'node.yaml' is no flag: flags begin with --; see --help"],
    [['--port'], '--port needs a value'],
    [['--port', '--host'], '--port needs a value, got --host: a value that begins with - is written --port=--host'],
    [['--check=yes'], "--check takes no value, got 'yes'"],
    [['--port', '1', '--port', '2'], '--port is given 2 times: it has one value'],
    [
      ['--set', '__proto__.port=1'],
      "--set must be OPTION=VALUE, such as sessions.maxQueueMessages=1000, got '__proto__.port=1'",
    ],
    [
      ['--partner', 'a:1'],
      "--partner must be NODE=ADDRESS or NODE@INST=ADDRESS, such as 'LX0000010000020@JG0100000200000000=a,b,c:7304', got 'a:1'",
    ],
  ])('%s is refused', (argv, problem) => {
    expect(problemsOf(...argv)[0]).toBe(problem);
  });
});
