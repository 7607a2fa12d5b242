import { Injectable, type Type } from '@nestjs/common';
import { MeshConsumer, MeshFacade, MeshProvider, type MeshService, Mpi } from 'nestjs-mesh';
import type { Codec } from 'nestjs-mesh/spi';
import { describe, expect, it, vi } from 'vitest';
import { startApp, startConsumer } from './mesh-app.js';
import { startRelay } from './relay.js';
import { ways } from './ways.js';

const KIB = 1024;

/** What is said beside the bytes: heads, frames and greetings. Base64 of the bytes would take 21 KiB more than they do. */
const BESIDE = 4 * KIB;

/** No wire type says where bytes are: the codec has to. */
@MeshFacade()
class Vectors {
  @Mpi('mesh.vectors.turn', ['vector']) turn!: (vector: Uint8Array) => Promise<Uint8Array>;
}

@MeshProvider(Vectors)
class VectorsController implements MeshService<Vectors> {
  turn(vector: Uint8Array): Uint8Array {
    expect(vector).toBeInstanceOf(Uint8Array);
    return vector.toReversed();
  }
}

@Injectable()
class Caller {
  constructor(@MeshConsumer(Vectors) readonly vectors: Vectors) {}
}

/** A codec that has bytes of its own. */
export interface CodecWithBytes {
  /** What the option calls it. */
  readonly name: string;
  readonly type: Type<Codec>;
  /** Whether the application lists it among its providers. */
  readonly from: 'the application' | 'the package';
}

/** Shows that bytes travel as bytes, over each way, in the first call of a connection and in those after it. */
export function describeWireBytes({ name, type, from }: CodecWithBytes): void {
  describe.each(ways)(`bytes in ${name} %s`, (_, way) => {
    it('arrive as bytes, and take no more room than they are', async () => {
      const written = vi.spyOn(type.prototype as Codec, 'encode');
      const options = { use: { codec: name } };
      const own = from === 'the application' ? [type] : [];
      const { address } = await startApp({ controllers: [VectorsController], providers: own, options });
      const relay = await startRelay(address);
      const { app } = await startConsumer(relay.address, {
        facades: [Vectors],
        providers: [...own, Caller],
        options: { ...way, use: { ...way.use, ...options.use } },
      });
      const { vectors } = app.get(Caller);

      for (const call of [0, 1, 2, 3]) {
        const vector = Buffer.alloc(64 * KIB, Buffer.from([call, 255, 128, 0, 7]));
        const before = { ...relay.carried };
        written.mockClear();
        const turned = await vectors.turn(vector);
        expect(turned).toBeInstanceOf(Uint8Array);
        expect(Buffer.from(vector.toReversed()).equals(turned)).toBe(true);

        // The call, and its answer.
        expect(written).toHaveBeenCalledTimes(2);
        for (const speaker of ['consumer', 'provider'] as const) {
          const said = relay.carried[speaker] - before[speaker];
          expect(said).toBeGreaterThanOrEqual(vector.length);
          expect(said).toBeLessThan(vector.length + BESIDE);
        }
      }
    });
  });
}
