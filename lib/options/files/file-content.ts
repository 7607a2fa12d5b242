import type { OptionPath } from './option-path.js';

/** What a text says, and where. */
export interface PlacedValue {
  readonly value: unknown;
  /** Where it says so, or what stands closest around it, for messages: `node.yaml:7`. */
  locate(path: OptionPath): string;
}

/** What a file says, or what is wrong with it, one sentence each, which begins with the file and the line. */
export type FileContent = PlacedValue | { readonly problems: readonly string[] };
