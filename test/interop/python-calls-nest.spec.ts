import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { findPython, type Python, PythonScript, skipWithoutPython } from '../support/python.js';
import { type ProviderApp, startProviderApp } from './nest-apps.js';

/** What `python/consumer.py` prints for a case. */
interface Result {
  readonly case: string;
  readonly value?: unknown;
  readonly error?: string;
  readonly code?: string;
  readonly message?: string;
}

/** What each case of `python/consumer.py` is to come to. */
const EXPECTED: Readonly<Record<string, Omit<Result, 'case'>>> = {
  scalars: { value: '节点4|42|1.5|True' },
  'scalars: int beyond 2^53': { value: '|-9007199254740993|1e-07|False' },
  collections: { value: [2, 4, 6] },
  'collections: empty': { value: [] },
  bytes: { value: { bytes: 8, starts: 'feff050403020100' } },
  'bytes: none': { value: { bytes: 0, starts: '' } },
  'bytes: 1 MiB': { value: { bytes: 1_048_577, starts: `01${'00'.repeat(15)}` } },
  'nested object': { value: { id: 'o-1', amount: 12.5, items: ['x', 'y'] } },
  'no arguments, null content': { value: null },
  big: { value: { int: '9223372036854775807' } },
  'big: negative': { value: { int: '-9223372036854775808' } },
  'big: no integer': { error: 'MeshException', code: 'E0000000400' },
  'provider throws': { error: 'MeshException', code: 'E0000000500', message: 'boom 错误' },
  'provider throws a coded error': { error: 'MeshException', code: 'E0000000403', message: 'no' },
  'unknown urn': { error: 'MeshException', code: 'E0000000617' },
};

/** The trace and the attachment that `python/consumer.py` gives its calls, and the node it says it is. */
const CARRIED = { trace: '7F0000012736321980028272640', tenant: '七' };

const search = await findPython('imesh', 'mesh');

skipWithoutPython(search, 'the reference Python SDK calls a Nest provider');

describe.each(search.found)('the reference Python SDK ($has) calls a Nest provider', (python: Python) => {
  let provider: ProviderApp;
  let results: ReadonlyMap<string, Result>;

  beforeAll(async () => {
    provider = await startProviderApp();
    const script = PythonScript.start(python, 'consumer.py', [provider.address]);
    try {
      results = new Map((await script.results<Result>()).map((result) => [result.case, result]));
    } finally {
      await script.stop();
    }
  });

  afterAll(() => provider?.close());

  it.each(Object.keys(EXPECTED))('%s', (name) => {
    expect(results.get(name)).toMatchObject(EXPECTED[name]!);
  });

  it('within its deadline: the SDK stops waiting, and the handler learns of it', async () => {
    // Whoever sees the time pass first: the provider, or the SDK, which tells it in its generation's way.
    expect(['E0000000601', 'DEADLINE_EXCEEDED']).toContain(results.get('deadline')!.code);
    await vi.waitFor(() => expect(provider.journal.cancelled).toBe(1));
  });

  it('with its trace, its node and its attachments', () => {
    const { value } = results.get('seen')!;
    expect(value).toMatchObject({ ...CARRIED, span: '0', source: 'LX0000000000000' });
  });

  it('and what it calls in turn continues trace and attachments', () => {
    const { value } = results.get('nested call')!;
    expect(value).toMatchObject({ ...CARRIED, span: '0.1', source: 'LX0000010000280' });
    expect(value).not.toHaveProperty('user-agent');
  });
});
