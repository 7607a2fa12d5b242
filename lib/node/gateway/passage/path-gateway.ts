import type { Balancer } from '../../../balance/balancer.js';
import { toMeshError } from '../../../errors/from-unknown.js';
import { MeshCode } from '../../../errors/mesh-code.js';
import { MeshError } from '../../../errors/mesh-error.js';
import { isOwnPath } from '../../../protocol/own-paths.js';
import { Header } from '../../../protocol/headers.js';
import type { RegisteredProvider, Registrations } from '../../../registry/registrations.js';
import type { Instance } from '../../../registry/registry.js';
import type { OnwardConnection, OnwardRequest } from '../../../transport/onward.js';
import type { Acceptor, InboundPassage, PassageAnswer, PassageEndpoint } from '../../../transport/transport.js';
import { onwardRequest } from './onward-request.js';
import { withOutcome } from './with-outcome.js';

/** What a {@link PathGateway} works with. */
export interface PathGatewayParts {
  readonly registrations: Pick<Registrations, 'route'>;
  readonly balancer: Balancer;
  /** Id and institution of this node. */
  readonly own: { readonly nodeId: string; readonly instId: string };
  /** The connection to an instance, for a request that is made at once. */
  connection(wire: 'grpc' | 'http', address: string): OnwardConnection;
}

/**
 * Hands requests on to the instances that have registered their paths: over HTTP/2 what is gRPC, over HTTP/1.1 everything else.
 * An instance that cannot be reached is passed over, as long as nothing was sent to it.
 */
export class PathGateway {
  private readonly instances = new WeakMap<readonly RegisteredProvider[], readonly Instance[]>();
  private readonly endpoint: PassageEndpoint = { pass: (passage) => this.pass(passage) };

  constructor(private readonly parts: PathGatewayParts) {}

  /** Finds what serves a registered path. What the node serves itself is never registered by others. */
  readonly accept: Acceptor = (path) =>
    !isOwnPath(path) && this.parts.registrations.route(path).length > 0 ? this.endpoint : undefined;

  private async pass(passage: InboundPassage): Promise<PassageAnswer> {
    const { path } = passage;
    const request = onwardRequest(passage, this.parts.own.nodeId);
    const known = this.instancesOf(this.parts.registrations.route(path));
    let failure: MeshError | undefined;
    for (let left = known; left.length > 0;) {
      const { instance, done } = this.parts.balancer.pick(left, { service: path, target: {}, self: undefined });
      const began = performance.now();
      try {
        const answer = await this.send(passage.wire, instance, request);
        return done
          ? withOutcome(answer, (error) => done({ durationMs: performance.now() - began, ...error }))
          : answer;
      } catch (cause) {
        const error = toMeshError(cause);
        done?.({ durationMs: performance.now() - began, error });
        if (!error.neverSent) throw error;
        failure = error;
        left = left.filter((one) => one !== instance);
      }
    }
    const why = failure ? `: ${failure.message}` : '';
    throw new MeshError(MeshCode.NO_INSTANCE, `no instance that serves '${path}' can be reached${why}`);
  }

  private send(wire: 'grpc' | 'http', { address }: Instance, request: OnwardRequest): Promise<PassageAnswer> {
    return this.parts.connection(wire, address).pass(request);
  }

  /** The same array for the same providers, so that a balancer may take turns. */
  private instancesOf(providers: readonly RegisteredProvider[]): readonly Instance[] {
    const known = this.instances.get(providers);
    if (known) return known;
    const { nodeId, instId } = this.parts.own;
    const byAddress = new Map<string, Instance>();
    for (const { registration, service, address } of providers) {
      const subset = service.attrs[Header.SUBSET] || registration.attachments[Header.SUBSET] || '';
      byAddress.set(address, Object.freeze({ address, nodeId, instId, subset }));
    }
    const instances = Object.freeze([...byAddress.values()]);
    this.instances.set(providers, instances);
    return instances;
  }
}
