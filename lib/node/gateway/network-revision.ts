/** What tells of its changes, after they were made. */
interface Watched {
  /** @returns ends it */
  watch(watcher: () => void): () => void;
}

/** Grows with every change after which a call may go elsewhere than before. */
export class NetworkRevision {
  private changes = 0;
  private readonly ends: readonly (() => void)[];

  /**
   * @param services what this process provides
   * @param watched what else calls are looked up in: registrations, partners
   */
  constructor(
    private readonly services: { readonly revision: number },
    watched: readonly Watched[],
  ) {
    this.ends = watched.map((one) => one.watch(() => void this.changes++));
  }

  /** As it is at the moment. */
  get current(): number {
    return this.changes + this.services.revision;
  }

  /** Watches no more. */
  close(): void {
    for (const end of this.ends) end();
  }
}
