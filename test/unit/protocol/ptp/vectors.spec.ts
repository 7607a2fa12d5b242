import { describe, expect, it } from 'vitest';
import { MeshCode } from '../../../../lib/errors/mesh-code.js';
import { MeshError } from '../../../../lib/errors/mesh-error.js';
import type { PtpMessages } from '../../../../lib/protocol/ptp/messages.js';
import { decodePtp } from '../../../../lib/protocol/ptp/protobuf-reader.js';
import { encodePtp } from '../../../../lib/protocol/ptp/protobuf-writer.js';
import { type PlainMessage, plain } from '../../../support/ptp-peers.js';
import { type PtpDecodedVector, ptpDecodedVectors, type PtpVector, ptpVectors } from '../../../support/vectors.js';

const vectors = ptpVectors();
const messages = vectors.filter(({ fields }) => fields !== undefined);
const oddities = vectors.filter(({ expected }) => expected !== undefined);
const bytesOf = ({ hex }: { readonly hex: string }): Buffer => Buffer.from(hex, 'hex');

/** The message of a vector, as the library takes it. */
function valueOf({ fields = {} }: PtpVector): PtpMessages[keyof PtpMessages] {
  const { payload_hex, payload_is: _, ...others } = fields;
  const payload = Buffer.from(typeof payload_hex === 'string' ? payload_hex : '', 'hex');
  return { metadata: {}, ...others, payload } as PtpMessages[keyof PtpMessages];
}

describe('the messages of ptp.json', () => {
  it('are those that are tested here', () => {
    expect([messages.length, oddities.length, vectors.length]).toEqual([14, 9, 23]);
  });

  it.each(messages)('$case ($layout $message) is decoded', (vector) => {
    const decoded = decodePtp(vector.message, bytesOf(vector), vector.layout);
    expect(plain(vector.message, decoded, vector.layout)).toEqual(
      plain(vector.message, valueOf(vector), vector.layout),
    );
  });

  it.each(messages)('$case ($layout $message) is encoded to the same bytes', (vector) => {
    const encoded = encodePtp(vector.message, valueOf(vector), vector.layout);
    expect(encoded.length).toBe(bytesOf(vector).length);
    // Entries of maps may come in any order.
    if (Object.keys((vector.fields?.['metadata'] as object | undefined) ?? {}).length > 1) return;
    expect(encoded.toString('hex')).toBe(vector.hex);
  });

  it.each(oddities)('$case: $expected', (vector) => {
    const decode = () => decodePtp(vector.message, bytesOf(vector));
    if (vector.expected === 'rejected') expect(decode).toThrow(/no PopInbound in protobuf/);
    else expect(decode()).toEqual({ topic: '', timeout: 0 });
  });
});

describe('the bytes of ptp-decoded.json', () => {
  const outcome = ({ message, layout, ...vector }: PtpDecodedVector): PlainMessage | string => {
    try {
      return plain(message, decodePtp(message, bytesOf(vector), layout), layout);
    } catch (error) {
      return error instanceof MeshError && error.code === MeshCode.ENCODING ? 'rejected' : String(error);
    }
  };
  /** The pairs of a map in the order in which they are compared. */
  const sorted = (decoded: PtpDecodedVector['decoded']): PlainMessage | string =>
    typeof decoded === 'string'
      ? decoded
      : Object.fromEntries(
          Object.entries(decoded).map(([name, value]) => [name, Array.isArray(value) ? value.toSorted() : value]),
        );

  it('are decoded as by Google', () => {
    const all = ptpDecodedVectors();
    expect(all.length).toBe(400);
    for (const vector of all) expect(outcome(vector), vector.hex).toEqual(sorted(vector.decoded));
  });
});
