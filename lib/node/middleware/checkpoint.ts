import type { InboundHead } from '../../transport/transport.js';
import type { StandardCalls } from '../standard-calls.js';
import { type CalledServices, isRpcPath } from './called-service.js';
import type { ScopedMiddleware } from './crossing.js';

/** The middleware of one listener. */
export class Checkpoint {
  /**
   * @param listener its name
   * @param members whatever may fit what comes by there, by priority
   * @param standard unpacks calls for them
   */
  constructor(
    readonly listener: string,
    readonly members: readonly ScopedMiddleware[],
    private readonly services: CalledServices,
    readonly standard: StandardCalls,
  ) {}

  /** Whether anything that is called at a path may pass a middleware. */
  mayConcern(path: string): boolean {
    return this.members.some(({ scope }) => scope.reaches(path) && (!scope.namesServices || isRpcPath(path)));
  }

  /** Whether this, which calls a service or none, passes a middleware. */
  concerns({ path }: InboundHead, service: string): boolean {
    return this.members.some(({ scope }) => scope.reaches(path) && scope.serves(service));
  }

  /** Name of the service that is called by RPC; empty for anything else. */
  serviceOf(called: InboundHead & { readonly body?: unknown }): string {
    return this.services.of(called);
  }
}
