import type { Codec } from '../../codec/codec.js';
import { toAnswerError } from '../../errors/from-unknown.js';
import { MeshCode } from '../../errors/mesh-code.js';
import { MeshError } from '../../errors/mesh-error.js';
import { failureEnvelope, successEnvelope } from '../../protocol/envelope.js';
import {
  type Acceptor,
  type CallAnswer,
  type CallHandler,
  type InboundCall,
  refusing,
} from '../../transport/transport.js';
import { writeRoute } from '../partners/write-route.js';
import type { NetworkParts } from './network-services.js';
import type { NodeDescription } from './node-description.js';
import { WEAVING_PATH } from './node-herald.js';
import type { Caller } from './operator-gate.js';

/** What an {@link AdministrationEndpoint} works with. */
export interface AdministrationEndpointParts extends NetworkParts {
  readonly description: NodeDescription;
  /** Reads the bodies, and writes the answers: JSON. */
  readonly codec: Codec;
}

/** Path at which an operator describes the node (standard). */
export const NODE_REFRESH_PATH = '/v1/interconn/node/refresh';

/** Path at which an operator enters routes (standard). */
export const NET_REFRESH_PATH = '/v1/interconn/net/refresh';

/** Path at which an operator reads routes. Ours. */
export const NET_EDGES_PATH = '/v1/interconn/net/edges';

/** Longest body that is read, in bytes: a thousand routes, or some with all their certificates. */
const MAX_BODY_BYTES = 4_194_304;

/** What is done at a path. */
interface Action {
  readonly method: 'GET' | 'POST';
  /** @throws MeshError E0000000403, with which the request ends, as HTTP has it */
  admit(call: InboundCall): Caller;
  /** @param body what was sent; `undefined` for GET. @returns the answer's content */
  run(body: unknown, call: InboundCall, caller: Caller): Promise<unknown>;
}

/**
 * Serves the administration of a node over HTTP, in JSON. What becomes of it is in the answer's `code`; who may not administer is
 * told so by HTTP itself.
 */
export class AdministrationEndpoint {
  private readonly forOperators: ReadonlyMap<string, CallHandler>;
  private readonly forNodes: ReadonlyMap<string, CallHandler>;

  constructor(private readonly parts: AdministrationEndpointParts) {
    const handlers = (actions: readonly (readonly [path: string, action: Action])[]) =>
      new Map(actions.map(([path, action]) => [path, this.handlerOf(action)] as const));
    this.forNodes = handlers(weavingActions(parts));
    this.forOperators = new Map([...this.forNodes, ...handlers(operatorActions(parts))]);
  }

  /** Finds the handler of a path of administration. */
  readonly accept: Acceptor = (path) => this.forOperators.get(path);

  /** Finds the handler of a path where nodes of partners may ask. */
  readonly acceptNodes: Acceptor = (path) => this.forNodes.get(path);

  private handlerOf(action: Action): CallHandler {
    return refusing(
      async (call) => {
        const caller = action.admit(call);
        return this.answered(await this.envelope(action, call, caller));
      },
      (error) => this.answered(failureEnvelope(error)),
    );
  }

  private async envelope({ method, run }: Action, call: InboundCall, caller: Caller): Promise<unknown> {
    try {
      if (call.method !== method) {
        throw new MeshError(MeshCode.NOT_PERMITTED, `'${call.path}' is called by ${method}, not by ${call.method}`);
      }
      return successEnvelope(await run(method === 'GET' ? undefined : this.read(call.body), call, caller));
    } catch (error) {
      return failureEnvelope(toAnswerError(error));
    }
  }

  private read(body: Uint8Array): unknown {
    if (body.byteLength <= MAX_BODY_BYTES) return this.parts.codec.decode(body);
    const message = `the request takes ${body.byteLength} bytes, more than the ${MAX_BODY_BYTES} that administration reads`;
    throw new MeshError(MeshCode.MESSAGE_TOO_LONG, message);
  }

  private answered(envelope: unknown): CallAnswer {
    return { body: this.parts.codec.encode(envelope), contentType: 'application/json' };
  }
}

function operatorActions({ gate, routes, description }: AdministrationEndpointParts): [string, Action][] {
  const admit = (head: InboundCall): Caller => {
    gate.admit({ head });
    return 'operator';
  };
  return [
    [NODE_REFRESH_PATH, { method: 'POST', admit, run: (body) => description.refresh(body) }],
    [
      NET_REFRESH_PATH,
      {
        method: 'POST',
        admit,
        run: async (body, { peer }) => (await routes.refresh(routesIn(body), peer)).map(writeRoute),
      },
    ],
    [
      NET_EDGES_PATH,
      {
        method: 'GET',
        admit,
        run: async (_, { query }) => {
          const nodeId = new URLSearchParams(query).get('node_id');
          return nodeId === null ? routes.edges() : routes.edge(nodeId);
        },
      },
    ],
  ];
}

function weavingActions({ gate, weaving, requests }: AdministrationEndpointParts): [string, Action][] {
  return [
    [
      WEAVING_PATH.weave,
      {
        method: 'POST',
        admit: (head) => gate.callerOf('weave', { head }),
        run: async (body, { peer }, caller) => {
          if (caller === 'operator') return writeRoute(await weaving.ask(body, peer));
          return requests.asked(body, peer);
        },
      },
    ],
    [
      WEAVING_PATH.ack,
      {
        method: 'POST',
        admit: (head) => gate.callerOf('ack', { head }),
        run: async (body, { peer }, caller) => {
          if (caller === 'operator') return writeRoute(await weaving.consent(body, peer));
          return requests.consented(body, peer);
        },
      },
    ],
  ];
}

/** One route, or several, be they under the name that they have as an argument. */
function routesIn(body: unknown): unknown {
  if (Array.isArray(body)) return body;
  const { routes } = Object(body) as Readonly<Record<string, unknown>>;
  return routes ?? [body];
}
