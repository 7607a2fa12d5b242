import { readFileSync } from 'node:fs';

/** A case of `urn.json`: a name, a flag and a node, their URN, and what the reference makes of it. */
export interface UrnVector {
  readonly name: string;
  readonly node_id: string;
  readonly flag: FlagVector;
  readonly urn: string;
  readonly flag_string: string;
  readonly parsed: {
    readonly name: string;
    readonly node_id: string;
    readonly flag: FlagVector & { readonly v: string };
  };
}

/** A flag as the reference holds it: all strings. */
export interface FlagVector {
  readonly proto: string;
  readonly codec: string;
  readonly version: string;
  readonly zone: string;
  readonly cluster: string;
  readonly cell: string;
  readonly group: string;
  readonly address: string;
  readonly port: string;
}

/** A case of `rpc.json`: a request of the reference consumer and the answer of the reference provider, as recorded. */
export interface RpcVector {
  readonly case: string;
  readonly method: string;
  readonly metadata: readonly (readonly [string, string])[];
  readonly request: string;
  readonly reply: string;
}

/** The vectors of URNs and flags. */
export const urnVectors = (): readonly UrnVector[] => load('urn') as readonly UrnVector[];

/** The vectors of RPC calls. */
export const rpcVectors = (): readonly RpcVector[] => load('rpc') as readonly RpcVector[];

/** One vector of an RPC call, by its case. */
export function rpcVector(name: string): RpcVector {
  const vector = rpcVectors().find((candidate) => candidate.case === name);
  if (!vector) throw new Error(`rpc.json has no case '${name}'`);
  return vector;
}

function load(name: string): unknown {
  return JSON.parse(readFileSync(new URL(`./vectors/${name}.json`, import.meta.url), 'utf8'));
}
