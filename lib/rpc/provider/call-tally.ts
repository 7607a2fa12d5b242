import type { ProviderService } from './provider-service.js';

/** How the calls of one service went. */
export interface ServiceCalls {
  /** Calls answered with success. */
  served: number;
  /** Calls answered with an error. */
  failed: number;
  /** Calls not answered yet. */
  underWay: number;
}

/**
 * Counts the calls that a process serves. What it keeps is bounded by the services that are provided: a name that a caller
 * made up counts as {@link unknown}.
 */
export class CallTally {
  /** Calls that reached no service: malformed, or for one that nobody here provides. */
  unknown = 0;
  /** Bytes of the requests received. */
  receivedBytes = 0;
  /** Bytes of the answers given. */
  sentBytes = 0;
  private readonly services = new Map<ProviderService, ServiceCalls>();

  /** Notes that a call of a service begins; who serves it notes how it ends. */
  begin(service: ProviderService): ServiceCalls {
    let calls = this.services.get(service);
    if (!calls) this.services.set(service, (calls = { served: 0, failed: 0, underWay: 0 }));
    calls.underWay++;
    return calls;
  }

  /** Notes the sizes of a call, now that it is answered. */
  answered(received: number, sent: number): void {
    this.receivedBytes += received;
    this.sentBytes += sent;
  }

  /** The services that were called, by name. */
  list(): readonly (readonly [service: string, calls: Readonly<ServiceCalls>])[] {
    return [...this.services].map(([{ service }, calls]) => [service, calls] as const);
  }
}
