import type { Acceptor, Endpoint } from '../../transport/transport.js';
import type { CalledServices } from './called-service.js';
import type { StandardCalls } from '../standard-calls.js';
import { Checkpoint } from './checkpoint.js';
import type { ScopedMiddleware } from './crossing.js';
import { passingCalls } from './passing-calls.js';
import { passingPassages } from './passing-passages.js';
import { passingStreams } from './passing-streams.js';

/** The middleware of a mesh, in its order. */
export class MiddlewareChain {
  /**
   * @param members by priority, the outermost first
   * @param standard unpacks calls for middleware, which sees them in the standard's form
   */
  constructor(
    private readonly members: readonly ScopedMiddleware[],
    private readonly services: CalledServices,
    private readonly standard: StandardCalls,
  ) {}

  /**
   * What is served at a listener, with the middleware around it. What no middleware can fit there is served as it is, and
   * anything else is put into its middleware once, not for each call.
   *
   * @param listener its name: `listen`, `listen[1]`, `mount`, `self`
   */
  around(listener: string, acceptor: Acceptor): Acceptor {
    const members = this.members.filter(({ scope }) => scope.listens(listener));
    if (members.length === 0) return acceptor;
    const checkpoint = new Checkpoint(listener, members, this.services, this.standard);
    const known = new WeakMap<Endpoint, Endpoint>();
    return (path) => {
      const endpoint = acceptor(path);
      if (!endpoint || !checkpoint.mayConcern(path)) return endpoint;
      const before = known.get(endpoint);
      if (before) return before;
      const passing = passingEndpoint(endpoint, checkpoint);
      known.set(endpoint, passing);
      return passing;
    };
  }
}

function passingEndpoint(endpoint: Endpoint, checkpoint: Checkpoint): Endpoint {
  if (typeof endpoint === 'function') return passingCalls(endpoint, checkpoint);
  if ('pass' in endpoint) return passingPassages(endpoint, checkpoint);
  const { stream, call } = endpoint;
  return { stream: passingStreams(stream, checkpoint), ...(call && { call: passingCalls(call, checkpoint) }) };
}
