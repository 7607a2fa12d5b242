import { describe, expect, it } from 'vitest';
import { readOptions, USAGE } from '../../bench/options.js';
import { peerNamed, RPC_PEERS } from '../../bench/peers.js';

describe('the command line of the bench', () => {
  it('names peers, tables, rounds, and where the result goes', () => {
    const line =
      '--only raw,mesh-tcp --rows rpc,hops --rounds 5 --seconds 0.5 --lead 3 --json a.json --chart b.svg --report c.md';
    expect(readOptions(line.split(' '))).toMatchObject({
      only: ['raw', 'mesh-tcp'],
      rows: ['rpc', 'hops'],
      rounds: 5,
      seconds: 0.5,
      leadSeconds: 3,
      json: 'a.json',
      chart: 'b.svg',
      report: 'c.md',
      purpose: 'speed',
    });
  });

  it('need say nothing: everything but what takes many minutes is measured then', () => {
    const options = readOptions([]);
    expect(options?.rows).toEqual(['rpc', 'sessions', 'hops', 'scale', 'beside', 'store', 'idle', 'start']);
    expect(options).toMatchObject({ rounds: 7, seconds: 1, leadSeconds: 0.5 });
    expect(options).not.toHaveProperty('only');
  });

  it('asks for help, or for a run that only shows that everything works', () => {
    expect(readOptions(['--help'])).toBeUndefined();
    for (const option of ['--only', '--rounds', '--json', '--chart']) expect(USAGE).toContain(option);
    expect(readOptions(['--smoke', '--rounds', '9'])).toMatchObject({ rounds: 1, pinning: 'free', purpose: 'smoke' });
  });

  it.each([
    [['--rounds', '0'], /--rounds must be a number over 0, not '0'/],
    [['--rounds', 'many'], /--rounds must be a number over 0, not 'many'/],
    [['--rows', 'rpc,cpu'], /not 'cpu'/],
    [['--faster'], /--faster/],
  ])('refuses %j', (args, reason) => {
    expect(() => readOptions(args)).toThrow(reason);
  });
});

describe('the peers of the bench', () => {
  it('are those that this package is to be compared with', () => {
    const own = ['mesh', 'mesh-tcp', 'mesh-tcp-bytes', 'mesh-unary', 'mesh-http1'];
    const grpc = ['raw', 'raw-bidi', 'raw-bidi-packed', 'nest-grpc', 'connect'];
    const others = ['net-frames', 'nest-tcp', 'nest-nats', 'nest-redis', 'moleculer', 'http1', 'nest-http'];
    expect(RPC_PEERS.map(({ name }) => name)).toEqual(expect.arrayContaining([...own, ...grpc, ...others]));
    expect(() => peerNamed('nest-kafka')).toThrow(/no peer 'nest-kafka'; there are net-frames, raw/);
  });
});
