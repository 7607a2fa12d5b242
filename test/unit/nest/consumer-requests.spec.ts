import { getConsumerToken, MeshCode, MeshConsumer, MeshFacade, Mpi } from 'nestjs-mesh';
import { describe, expect, it } from 'vitest';
import { consumerRequests } from '../../../lib/nest/consumer-requests.js';

function makeFacade() {
  @MeshFacade()
  class Tokenizer {
    @Mpi('mesh.trust.verify', ['token']) verify!: (token: string) => Promise<boolean>;
  }
  return Tokenizer;
}

const refusal = (message: string) => expect.objectContaining({ code: MeshCode.INVALID_REQUEST, message });

describe('the clients that classes ask for', () => {
  it('are one for each set of options, in whatever order they stand', () => {
    const facade = makeFacade();
    const token = getConsumerToken(facade, { nodeId: 'LX1', timeoutMs: 5 });
    expect(getConsumerToken(facade, { timeoutMs: 5, nodeId: 'LX1' })).toBe(token);
    expect(getConsumerToken(facade, { timeoutMs: 6, nodeId: 'LX1' })).not.toBe(token);
    expect(getConsumerToken(makeFacade(), { nodeId: 'LX1', timeoutMs: 5 })).not.toBe(token);
  });

  it('go by the facade itself when nothing is fixed', () => {
    const facade = makeFacade();
    expect(getConsumerToken(facade)).toBe(facade);
    expect(getConsumerToken(facade, {})).toBe(facade);
    expect(getConsumerToken(facade, { nodeId: undefined } as never)).toBe(facade);
    expect(getConsumerToken(facade, { mesh: 'default' })).toBe(facade);
  });

  it('belong to their mesh, which always has a plain one', () => {
    const facade = makeFacade();
    const fixed = getConsumerToken(facade, { mesh: 'b', nodeId: 'LX1' });
    expect(consumerRequests(facade, 'default').map(({ token }) => token)).toEqual([facade]);
    expect(consumerRequests(facade, 'b').map(({ token }) => token)).toEqual([
      fixed,
      getConsumerToken(facade, { mesh: 'b' }),
    ]);
  });
});

describe('@MeshConsumer refuses', () => {
  it('a class that is no facade', () => {
    class Plain {}
    expect(() => MeshConsumer(Plain)).toThrow(refusal('Plain is no facade: mark the class with @MeshFacade()'));
    expect(() => MeshConsumer(undefined as never)).toThrow(
      refusal('a facade must be a class marked with @MeshFacade(), got undefined; do two files import each other?'),
    );
  });

  it.each([
    [{ timeoutMs: 0 }, '@MeshConsumer(Tokenizer).timeoutMs must be a whole number from 1 to 2147483647, got 0'],
    [{ nodeId: 'a.b' }, "@MeshConsumer(Tokenizer).nodeId must be 1 to 64 letters, digits, '_' or '-', got 'a.b'"],
    [
      { address: 'nowhere:x' },
      "@MeshConsumer(Tokenizer).address must be host:port, for instance 10.0.0.7:7304 or [fd00::7]:7304, got 'nowhere:x'",
    ],
    [{ attachments: { a: 1 } }, '@MeshConsumer(Tokenizer).attachments must be an object of strings, got an object'],
    [
      { nodeID: 'LX1' },
      "unknown option '@MeshConsumer(Tokenizer).nodeID' (did you mean 'nodeId'?); known: address, attachments, instId, mesh, nodeId, subset, timeoutMs",
    ],
  ])('the options %j', (options, message) => {
    expect(() => MeshConsumer(makeFacade(), options as never)).toThrow(refusal(message));
  });
});
