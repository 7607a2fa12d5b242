import { MeshCode } from '../errors/mesh-code.js';
import { MeshError } from '../errors/mesh-error.js';
import type { ExtensionFamily } from './extension-family.js';

/** One implementation, as found in the application. */
export interface ExtensionEntry {
  readonly family: string;
  readonly name: string;
  readonly priority: number;
  /** Whether it came with the package; such an entry gives way to another of its name. */
  readonly builtin: boolean;
  readonly instance: object;
}

/** Knows the implementations of every family of one mesh. It knows no family itself. */
export class ExtensionRegistry {
  private readonly families = new Map<string, readonly ExtensionEntry[]>();

  /**
   * @param entries every implementation found
   * @param choices which name a family uses, from `MeshOptions.use`
   * @param defaults which name a family uses by default in this application, where that is not the family's own default
   * @throws MeshError E0000000400 when two entries claim one name, or a choice names what is not there
   */
  constructor(
    entries: Iterable<ExtensionEntry>,
    private readonly choices: Readonly<Record<string, string>> = {},
    private readonly defaults: Readonly<Record<string, string>> = {},
  ) {
    const byFamily = new Map<string, Map<string, ExtensionEntry>>();
    for (const entry of entries) {
      const named = byFamily.get(entry.family) ?? new Map<string, ExtensionEntry>();
      byFamily.set(entry.family, named);
      const rival = named.get(entry.name);
      if (rival && rival.builtin === entry.builtin) throw duplicate(rival, entry);
      if (!rival || rival.builtin) named.set(entry.name, entry);
    }
    for (const [family, named] of byFamily) this.families.set(family, [...named.values()].sort(byRank));
    for (const [family, name] of Object.entries(choices)) this.find(family, name);
  }

  /**
   * The implementation to use: the one named, else the one chosen in the options, else the highest priority; where several
   * share it, the family's default.
   *
   * @throws MeshError E0000000404 when there is none of that name; the message lists the names there are
   */
  get<T>(family: ExtensionFamily<T>, name?: string): T {
    const wanted = name ?? this.choices[family.name];
    const entry = wanted === undefined ? this.preferred(family) : this.find(family.name, wanted);
    return entry.instance as T;
  }

  /** Every implementation of a family, by priority, then by name. */
  all<T>(family: ExtensionFamily<T>): readonly T[] {
    return (this.families.get(family.name) ?? []).map((entry) => entry.instance as T);
  }

  /** The names known in a family, in the order of {@link all}. */
  names(family: ExtensionFamily<unknown>): readonly string[] {
    return (this.families.get(family.name) ?? []).map((entry) => entry.name);
  }

  private preferred(family: ExtensionFamily<unknown>): ExtensionEntry {
    const entries = this.families.get(family.name) ?? [];
    const best = entries.filter((entry) => entry.priority === entries[0]?.priority);
    const defaultName = this.defaults[family.name] ?? family.defaultName;
    return best.find((entry) => entry.name === defaultName) ?? best[0] ?? this.find(family.name, defaultName ?? '');
  }

  private find(family: string, name: string): ExtensionEntry {
    const entries = this.families.get(family) ?? [];
    const entry = entries.find((candidate) => candidate.name === name);
    if (entry) return entry;
    const known = entries.map((candidate) => `'${candidate.name}'`).join(', ') || 'none';
    throw new MeshError(MeshCode.NOT_FOUND, `no ${family} named '${name}'; known: ${known}`);
  }
}

function byRank(a: ExtensionEntry, b: ExtensionEntry): number {
  return b.priority - a.priority || (a.name < b.name ? -1 : 1);
}

function duplicate(a: ExtensionEntry, b: ExtensionEntry): MeshError {
  const classes = `${a.instance.constructor.name} and ${b.instance.constructor.name}`;
  return new MeshError(MeshCode.INVALID_REQUEST, `two extensions claim the ${a.family} '${a.name}': ${classes}`);
}
