import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.js';
import { findPython, type Python, skipWithoutPython } from '../support/python.js';
import { type ProviderApp, startProviderApp } from './nest-apps.js';
import { CARRIED, EXPECTED, EXPECTED_OF_NEST, resultsOf } from './python-results.js';

const search = await findPython('imesh', 'mesh');

skipWithoutPython(search, 'the reference Python SDK calls a Nest provider');

describe.each(search.found)('the reference Python SDK ($has) calls a Nest provider', (python: Python) => {
  let provider: ProviderApp;
  let result: Awaited<ReturnType<typeof resultsOf>>;

  beforeAll(async () => {
    provider = await startProviderApp();
    result = await resultsOf(python, provider.address);
  });

  afterAll(() => provider?.close());

  it.each(Object.entries({ ...EXPECTED, ...EXPECTED_OF_NEST }))('%s', (name, expected) => {
    expect(result(name)).toMatchObject(expected);
  });

  it('within its deadline: the SDK stops waiting, and the handler learns of it', async () => {
    // Whoever sees the time pass first: the provider, or the SDK, which tells it in its generation's way.
    expect(['E0000000601', 'DEADLINE_EXCEEDED']).toContain(result('deadline').code);
    await eventually('the handler learns of it', () => provider.journal.cancelled === 1);
  });

  it('with its trace, its node and its attachments', () => {
    expect(result('seen').value).toMatchObject({ ...CARRIED, span: '0', source: 'LX0000000000000' });
  });

  it('and what it calls in turn continues trace and attachments', () => {
    const { value } = result('nested call');
    expect(value).toMatchObject({ ...CARRIED, span: '0.1', source: 'LX0000010000280' });
    expect(value).not.toHaveProperty('user-agent');
  });
});
