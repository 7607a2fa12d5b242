import { describe, expect, it } from 'vitest';
import type { CallOutcome } from '../../../../../lib/balance/balancer.js';
import { Cancellation } from '../../../../../lib/context/cancellation.js';
import { MeshCode } from '../../../../../lib/errors/mesh-code.js';
import { MeshError } from '../../../../../lib/errors/mesh-error.js';
import { PathGateway } from '../../../../../lib/node/gateway/passage/path-gateway.js';
import type { OnwardConnection } from '../../../../../lib/transport/onward.js';
import type { InboundPassage, PassageAnswer, PassageEndpoint } from '../../../../../lib/transport/transport.js';
import { caught } from '../../../../support/caught.js';
import { chunks, said, textOf } from '../../../../support/passages.js';
import { registrationOf, serviceOf } from '../../../../support/registration-fixtures.js';

const passage: InboundPassage = {
  path: '/a',
  query: '',
  target: '/a',
  headers: {},
  wire: 'grpc',
  method: 'POST',
  contentType: '',
  version: '2',
  scheme: 'http',
  length: undefined,
  upgrade: '',
  deadline: Infinity,
  cancellation: new Cancellation(),
  peer: '10.0.0.7:1',
  body: chunks(),
  trailers: () => ({}),
};

const refused = (): MeshError => new MeshError(MeshCode.ADDRESS_UNREACHABLE, 'nobody there', { neverSent: true });
const lost = (): MeshError => new MeshError(MeshCode.UNREACHABLE, 'lost');

type Behaviour = () => PassageAnswer | MeshError;

/** A gateway with instances that behave so, by address; its balancer takes the first that is left. */
function gatewayWith(behaviours: Readonly<Record<string, Behaviour>>) {
  const providers = Object.keys(behaviours).map((address) => {
    const service = serviceOf({ urn: '/a' });
    return { registration: registrationOf(address, []), service, address };
  });
  const asked: string[] = [];
  const outcomes: CallOutcome[] = [];
  const gateway = new PathGateway({
    registrations: { route: (path) => (path === '/a' || path === '/stats' ? providers : []) },
    balancer: { pick: ([first]) => ({ instance: first!, done: (outcome) => outcomes.push(outcome) }) },
    own: { nodeId: 'LX1', instId: 'JG1' },
    connection: (wire, address): OnwardConnection => ({
      pass: async () => {
        asked.push(`${wire} ${address}`);
        const answer = behaviours[address]!();
        if (answer instanceof MeshError) throw answer;
        return answer;
      },
      pending: 0,
      close: () => Promise.resolve(),
      destroy: () => undefined,
    }),
  });
  const pass = (): Promise<PassageAnswer> => (gateway.accept('/a') as PassageEndpoint).pass(passage);
  return { gateway, pass, asked, outcomes };
}

describe('the gateway of paths', () => {
  it('finds what is registered, and nothing of what the node serves itself', () => {
    const { gateway } = gatewayWith({ 'a:1': () => said('x') });
    expect(gateway.accept('/a')).toBe(gateway.accept('/a'));
    expect([gateway.accept('/b'), gateway.accept('/stats')]).toEqual([undefined, undefined]);
  });

  it('goes on to the next instance as long as nothing was sent', async () => {
    const { pass, asked, outcomes } = gatewayWith({ 'a:1': refused, 'b:2': refused, 'c:3': () => said('x') });
    const { body } = await pass();
    expect(outcomes).toHaveLength(2);
    expect(await textOf(body)).toBe('x');
    expect(asked).toEqual(['grpc a:1', 'grpc b:2', 'grpc c:3']);
    expect(outcomes.map(({ error }) => error?.code)).toEqual(['E0000000619', 'E0000000619', undefined]);
  });

  it('goes no further once something was sent', async () => {
    const { pass, asked } = gatewayWith({ 'a:1': lost, 'b:2': () => said('x') });
    expect(await caught(pass())).toMatchObject({ code: 'E0000000607' });
    expect(asked).toEqual(['grpc a:1']);
  });

  it('says that there is no instance when none is left', async () => {
    const { pass } = gatewayWith({ 'a:1': refused });
    const message = "no instance that serves '/a' can be reached: nobody there";
    expect(await caught(pass())).toMatchObject({ code: 'E0000000602', message });
  });

  it('tells the balancer of an answer that broke off', async () => {
    async function* broken(): AsyncGenerator<Uint8Array, void> {
      yield Buffer.from('x');
      throw lost();
    }
    const { pass, outcomes } = gatewayWith({ 'a:1': () => said('', { body: broken() }) });
    expect(await caught(textOf((await pass()).body))).toMatchObject({ code: 'E0000000607' });
    expect(outcomes).toMatchObject([{ error: { code: 'E0000000607' } }]);
  });
});
