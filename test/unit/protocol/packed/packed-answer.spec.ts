import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MeshCode } from '../../../../lib/errors/mesh-code.js';
import { MeshError } from '../../../../lib/errors/mesh-error.js';
import { failureEnvelope } from '../../../../lib/protocol/envelope.js';
import {
  readPackedAnswer,
  writePackedFailure,
  writePackedSuccess,
} from '../../../../lib/protocol/packed/packed-answer.js';
import type { PackedContent } from '../../../../lib/protocol/packed/packed-content.js';
import { PayloadWriter } from '../../../../lib/protocol/payload.js';

const BYTES = fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes));
const PART = fc.record({ path: fc.array(fc.string(), { maxLength: 4 }), bytes: BYTES });
const CONTENT: fc.Arbitrary<PackedContent> = fc.record({
  contentType: fc.string({ maxLength: 60 }),
  encoded: BYTES,
  parts: fc.array(PART, { maxLength: 5 }),
});

function failure(error: MeshError): Buffer {
  const out = new PayloadWriter(16);
  writePackedFailure(out, failureEnvelope(error));
  return out.written;
}

function thrownBy(body: Uint8Array): MeshError {
  try {
    readPackedAnswer(body);
  } catch (error) {
    if (error instanceof MeshError) return error;
  }
  throw new Error('expected a MeshError');
}

describe('a packed answer', () => {
  it('arrives as it was written', () => {
    fc.assert(
      fc.property(CONTENT, (content) => {
        const out = new PayloadWriter(16);
        writePackedSuccess(out, content);
        expect(readPackedAnswer(out.written)).toEqual(content);
      }),
    );
  });

  it('tells of a failure what a standard answer tells', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), fc.array(fc.string()), (message, details) => {
        const told = thrownBy(failure(new MeshError('E0000000403', message, { details })));
        expect(told).toMatchObject({ code: 'E0000000403', message, details });
      }),
    );
  });

  it('cuts what a peer tells of a failure', () => {
    const out = new PayloadWriter().number(1).text('E0000000500').text('m'.repeat(20_000)).number(1);
    const told = thrownBy(out.text('d'.repeat(20_000)).written);
    expect([told.message.length, told.details[0]?.length]).toEqual([16_384, 16_384]);
  });

  it.each([
    ['nothing at all', new PayloadWriter()],
    ['another beginning', new PayloadWriter().number(2)],
    ['a failure without a code', new PayloadWriter().number(1).text('').text('m').number(0)],
    ['a failure with a code that is none', new PayloadWriter().number(1).text('E'.repeat(65)).text('m').number(0)],
    ['more details than a failure has', new PayloadWriter().number(1).text('E0000000500').text('m').number(257)],
    ['details that are not there', new PayloadWriter().number(1).text('E0000000500').text('m').number(2)],
    ['a message longer than what came', new PayloadWriter().number(1).text('E0000000500').number(50)],
  ])('is refused when it has %s', (_, out) => {
    expect(thrownBy(out.written).code).toBe(MeshCode.ENCODING);
  });

  it('is read, or refused with an error of ours, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        try {
          readPackedAnswer(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(MeshError);
        }
      }),
      { numRuns: 500 },
    );
  });
});
