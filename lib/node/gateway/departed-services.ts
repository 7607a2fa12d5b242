import type { Registration } from '../../registry/registration.js';
import type { Registrations } from '../../registry/registrations.js';
import { addressOf } from '../../registry/service-names.js';

/** Names remembered. They come from registrations; beyond, that which left first is forgotten. */
const MAX_NAMES = 4_096;

/** Remembers which services were registered here once: that all of their instances left is another thing than nobody's knowing them. */
export class DepartedServices {
  private readonly names = new Set<string>();
  private readonly forget: () => void;

  constructor(registrations: Pick<Registrations, 'watch'>) {
    this.forget = registrations.watch((change) => {
      if (change.type === 'removed') this.remember(change.registration);
      if (change.type === 'updated') this.remember(change.before);
    });
  }

  /** Whether somebody had registered a service who has left. */
  has(service: string): boolean {
    return this.names.has(service);
  }

  /** Remembers nothing any more. */
  close(): void {
    this.forget();
    this.names.clear();
  }

  private remember({ kind, services }: Registration): void {
    for (const service of services) {
      const address = addressOf(kind, service, 'service');
      if (address.by === 'service') this.add(address.name);
    }
  }

  private add(name: string): void {
    this.names.delete(name);
    this.names.add(name);
    if (this.names.size <= MAX_NAMES) return;
    const [first] = this.names;
    this.names.delete(first!);
  }
}
