import { type Python, PythonScript } from '../support/python.js';

/** What `python/consumer.py` prints for a case. */
export interface Result {
  /** The case. */
  readonly case: string;
  /** The node that the call was directed at; empty for none. */
  readonly node: string;
  /** What the call answered with. */
  readonly value?: unknown;
  /** The class of the error that it raised. */
  readonly error?: string;
  /** The status code of that. */
  readonly code?: string;
  /** And its message. */
  readonly message?: string;
}

/** What each case of `python/consumer.py` is to come to, whoever provides. */
export const EXPECTED: Readonly<Record<string, Partial<Result>>> = {
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
  'provider throws': { error: 'MeshException', code: 'E0000000500', message: 'boom 错误' },
  'provider throws a coded error': { error: 'MeshException', code: 'E0000000403', message: 'no' },
  'unknown urn': { error: 'MeshException', code: 'E0000000617' },
};

/** What comes only of a provider in Nest, which looks at what it is given. */
export const EXPECTED_OF_NEST: typeof EXPECTED = {
  'big: no integer': { error: 'MeshException', code: 'E0000000400' },
};

/** The trace and the attachment that `python/consumer.py` gives its calls. */
export const CARRIED = { trace: '7F0000012736321980028272640', tenant: '七' };

/**
 * Runs `python/consumer.py`.
 *
 * @param address of a provider; with nodes, of the node that is to hand the calls on to each of them
 * @returns what each case came to, by the node and the case
 */
export async function resultsOf(
  python: Python,
  address: string,
  nodes: readonly string[] = [],
): Promise<(name: string, node?: string) => Result> {
  const script = PythonScript.start(python, 'consumer.py', [address, ...nodes]);
  try {
    const results = await script.results<Result>();
    return (name, node) => {
      const found = results.find((result) => result.case === name && (node === undefined || result.node === node));
      if (found) return found;
      throw new Error(`consumer.py says nothing of '${name}' at '${node}'`);
    };
  } finally {
    await script.stop();
  }
}
