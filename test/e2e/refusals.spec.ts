import { Controller } from '@nestjs/common';
import { MessagePattern } from '@nestjs/microservices';
import { describe, expect, it } from 'vitest';
import { MeshCode, MeshConsumer, MeshFacade, MeshModule, MeshProvider, Mpi } from 'nestjs-mesh';
import { type CallNext, CONSUMER_FILTER, type ConsumerCall, type ConsumerFilter, MeshExtension } from 'nestjs-mesh/spi';
import { startApp } from '../support/mesh-app.js';

@MeshFacade()
class Tokenizer {
  @Mpi('mesh.trust.apply', ['kind']) apply!: (kind: string) => Promise<string>;
  @Mpi('mesh.trust.verify', ['token']) verify!: (token: string) => Promise<boolean>;
}

class TokenizerController {
  apply(): string {
    return '';
  }
  verify(): boolean {
    return true;
  }
}

const refusal = (message: string) => expect.objectContaining({ code: MeshCode.INVALID_REQUEST, message });

describe('at start an application is refused', () => {
  it('whose provider lacks a method of its facade', () => {
    class Lacking {
      apply(): string {
        return '';
      }
    }
    expect(() => MeshProvider(Tokenizer)(Lacking)).toThrow(
      refusal("Lacking provides Tokenizer, but has no method 'verify'"),
    );
  });

  it('whose provider provides no facade', () => {
    class Plain {}
    expect(() => MeshProvider(Plain)(TokenizerController)).toThrow(
      refusal('Plain is no facade: mark the class with @MeshFacade()'),
    );
    expect(() => MeshModule.forFeature([Plain])).toThrow(
      refusal('Plain is no facade: mark the class with @MeshFacade()'),
    );
    expect(() => MeshConsumer(Plain)).toThrow(refusal('Plain is no facade: mark the class with @MeshFacade()'));
  });

  it('with one method for two services', () => {
    @MeshFacade()
    class Other {
      @Mpi('mesh.other.apply') apply!: () => Promise<string>;
    }
    @MeshProvider(Tokenizer)
    class Both extends TokenizerController {}
    expect(() => MeshProvider(Other)(Both)).toThrow(
      refusal("Both.apply cannot serve 'mesh.other.apply' of Other: it serves 'mesh.trust.apply' already"),
    );
  });

  it('with two providers of one service', async () => {
    @MeshProvider(Tokenizer)
    class First extends TokenizerController {}
    @MeshProvider(Tokenizer)
    class Second extends TokenizerController {}
    await expect(startApp({ controllers: [First, Second] })).rejects.toThrow(
      refusal("two providers claim the service 'mesh.trust.apply': First.apply and Second.apply"),
    );
  });

  it('with a provider and a plain handler of one service', async () => {
    @MeshProvider(Tokenizer)
    class First extends TokenizerController {}
    @Controller()
    class Second {
      @MessagePattern('mesh.trust.verify') verify(): boolean {
        return true;
      }
    }
    await expect(startApp({ controllers: [First, Second] })).rejects.toThrow(
      refusal(
        "two providers claim the service 'mesh.trust.verify': First.verify and a handler of the pattern 'mesh.trust.verify'",
      ),
    );
  });

  it('with two extensions of one name', async () => {
    class Some implements ConsumerFilter {
      filter(call: ConsumerCall, next: CallNext<ConsumerCall>): Promise<unknown> {
        return next(call);
      }
    }
    @MeshExtension(CONSUMER_FILTER, 'mine')
    class One extends Some {}
    @MeshExtension(CONSUMER_FILTER, 'mine')
    class Two extends Some {}
    await expect(startApp({ providers: [One, Two] })).rejects.toThrow(
      refusal("two extensions claim the consumer-filter 'mine': One and Two"),
    );
  });

  it('that chooses an extension which is not there, and is told which are', async () => {
    await expect(startApp({ options: { use: { codec: 'jsn' } } })).rejects.toMatchObject({
      code: MeshCode.NOT_FOUND,
      message: "no codec named 'jsn'; known: 'form', 'json', 'msgpack', 'toml', 'xml', 'yaml'",
    });
    await expect(startApp({ options: { use: { balancer: 'random' } } })).rejects.toMatchObject({
      message: "no balancer named 'random'; known: 'round-robin'",
    });
    const listen = { host: '127.0.0.1', port: 0, transports: ['carrier-pigeon'] };
    await expect(startApp({ options: { listen } })).rejects.toMatchObject({
      message: expect.stringContaining("no transport named 'carrier-pigeon'; known: 'auto', 'grpc'"),
    });
  });

  it('that injects a client which no module provides, by a name that says whose', async () => {
    class Asker {
      constructor(@MeshConsumer(Tokenizer, { nodeId: 'LX0000010000290' }) readonly tokenizer: Tokenizer) {}
    }
    await expect(startApp({ providers: [Asker] })).rejects.toThrow(/Asker.*MeshConsumer:Tokenizer/s);
  });
});
