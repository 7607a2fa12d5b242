import type { Arguments } from './arguments.js';
import { readConfigurationFile } from './configuration-file.js';
import { type Layer, mergeLayers, type Merged } from './layers.js';
import { readVariables } from './variables.js';

/** Everything that was said of the configuration, or what is wrong with it. */
export type Gathered =
  | { readonly kind: 'said'; readonly merged: Merged; readonly doubts: readonly string[] }
  | { readonly kind: 'wrong'; readonly problems: readonly string[] };

/** What the node is when nobody says anything, where that differs from other applications. */
const DEFAULTS: Layer = {
  values: { name: 'mesh-node', logLevel: 'warn', listen: {}, node: {} },
  locate: () => 'default',
};

/** Reads file and environment, and puts them together with the command line: the flags strongest, the defaults weakest. */
export function gather({ config, layers, problems }: Arguments, env: NodeJS.ProcessEnv): Gathered {
  const variables = readVariables(env);
  const wrong = [...problems, ...variables.problems];
  const file = config ?? variables.config;
  const content = file === undefined ? undefined : readConfigurationFile(file);
  if (content && 'problems' in content) wrong.push(...content.problems);
  if (wrong.length > 0) return { kind: 'wrong', problems: wrong };
  const said = content && 'layer' in content ? [content.layer] : [];
  const merged = mergeLayers([DEFAULTS, ...said, ...variables.layers, ...layers]);
  return { kind: 'said', merged, doubts: variables.doubts };
}
