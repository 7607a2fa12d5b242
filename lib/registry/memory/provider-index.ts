import type { RegisteredProvider } from '../registrations.js';

/** The providers of what nobody provides. */
export const NOBODY: readonly RegisteredProvider[] = Object.freeze([]);

/** Providers by a name: those of a service, or of a pattern of paths. */
export class ProviderIndex {
  private readonly groups = new Map<string, Group>();

  /** Enters a provider. */
  add(name: string, provider: RegisteredProvider): void {
    const group = this.groups.get(name) ?? { members: new Set(), list: undefined };
    this.groups.set(name, group);
    group.members.add(provider);
    group.list = undefined;
  }

  /** Removes a provider. */
  delete(name: string, provider: RegisteredProvider): void {
    const group = this.groups.get(name);
    if (!group?.members.delete(provider)) return;
    group.list = undefined;
    if (group.members.size === 0) this.groups.delete(name);
  }

  /** The providers of a name: the same frozen array as long as nobody comes or goes. */
  find(name: string): readonly RegisteredProvider[] {
    const group = this.groups.get(name);
    if (!group) return NOBODY;
    return (group.list ??= Object.freeze([...group.members]));
  }

  /** Removes everybody. */
  clear(): void {
    this.groups.clear();
  }
}

interface Group {
  readonly members: Set<RegisteredProvider>;
  /** Made when it is first asked for. */
  list: readonly RegisteredProvider[] | undefined;
}
