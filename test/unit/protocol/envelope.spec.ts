import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MeshCode } from '../../../lib/errors/mesh-code.js';
import { MeshError } from '../../../lib/errors/mesh-error.js';
import { failureEnvelope, openEnvelope, splitRequest, successEnvelope } from '../../../lib/protocol/envelope.js';
import { rpcVector, rpcVectors } from '../../support/vectors.js';

const request = (name: string): ReturnType<typeof splitRequest> => splitRequest(JSON.parse(rpcVector(name).request));
const reply = (name: string): unknown => openEnvelope(JSON.parse(rpcVector(name).reply));
const failure = (value: unknown): MeshError => {
  try {
    openEnvelope(value);
  } catch (error) {
    if (error instanceof MeshError) return error;
  }
  throw new Error('expected a MeshError');
};
const invalid = (message: RegExp): unknown =>
  expect.objectContaining({ code: MeshCode.INVALID_REQUEST, message: expect.stringMatching(message) as string });

describe('a request of the reference', () => {
  it.each([
    ['scalars', { s: '节点4', i: 42, f: 1.5, b: true }],
    ['collections', { xs: [1, 2, 3], kv: { a: 'b' } }],
    ['bytes', { data: 'AAECAwQF//4=' }],
    ['nested object', { order: { id: 'o-1', amount: 12.5, items: ['x', 'y'] } }],
    ['no arguments, null content', {}],
    ['provider throws', { why: 'boom 错误' }],
  ])('%s', (name, args) => {
    expect({ ...request(name).args }).toEqual(args);
  });

  it.each(
    rpcVectors()
      .filter((vector) => vector.case !== 'malformed request')
      .map((vector) => vector.case),
  )('carries its context beside the arguments: %s', (name) => {
    const { args, attachments } = request(name);
    expect(args).not.toHaveProperty('attachments');
    expect(attachments).toMatchObject({ 'mesh-span-id': '0', 'mesh-run-mode': '1' });
    expect(attachments['x-ptp-trace-id']).toMatch(/^C0000202\d+$/);
  });
});

describe('a request', () => {
  it('finds nothing that was not sent', () => {
    const { args, attachments } = splitRequest({});
    expect(args['constructor']).toBeUndefined();
    expect(attachments['toString']).toBeUndefined();
    expect(splitRequest(JSON.parse('{"constructor": 1, "attachments": {"toString": "x"}}'))).toMatchObject({
      args: { constructor: 1 },
      attachments: { tostring: 'x' },
    });
  });

  it('takes what loose peers put into attachments', () => {
    const attachments = { Name: 'a', number: 1, yes: true, none: null, big: 12345678901234567890n };
    expect({ ...splitRequest({ attachments }).attachments }).toEqual({
      name: 'a',
      number: '1',
      yes: 'true',
      big: '12345678901234567890',
    });
    expect({ ...splitRequest({ attachments: null }).attachments }).toEqual({});
  });

  it.each<[unknown, RegExp]>([
    [null, /one object .* got null/],
    [undefined, /got null/],
    [[1], /got an array/],
    ['x', /got a string/],
    [1n, /got a bigint/],
    [{ attachments: [] }, /attachments must be a map of strings, got an array/],
    [{ attachments: 'x' }, /got a string/],
    [{ attachments: { a: {} } }, /the attachment 'a' must be a string, got an object/],
    [{ attachments: { a: 'x'.repeat(8193) } }, /at most 8192 characters, name and value each, got 8193/],
    [{ attachments: { ['x'.repeat(8193)]: '' } }, /at most 8192 characters/],
    [
      { attachments: Object.fromEntries(Array.from({ length: 257 }, (_, at) => [at, ''])) },
      /at most 256 attachments, got 257/,
    ],
    [JSON.parse('{"__proto__": {}}'), /must not be named '__proto__'/],
    [JSON.parse('{"attachments": {"__proto__": "x"}}'), /must not be named '__proto__'/],
  ])('is refused: %o', (value, message) => {
    expect(() => splitRequest(value)).toThrow(invalid(message) as Error);
  });
});

describe('an answer of the reference', () => {
  it.each<[string, unknown]>([
    ['scalars', '节点4|42|1.5|True'],
    ['scalars: int beyond 2^53', '|-9007199254740993|1e-07|False'],
    ['collections', [2, 4, 6]],
    ['bytes', '/v8FBAMCAQA='],
    ['nested object', { amount: 12.5, id: 'o-1', items: ['x', 'y'] }],
    ['no arguments, null content', null],
  ])('%s', (name, content) => expect(reply(name)).toEqual(content));

  it.each([
    ['provider throws', MeshCode.SYSTEM_ERROR, 'boom 错误'],
    ['provider throws a coded error', MeshCode.FORBIDDEN, 'no'],
    ['unknown urn', MeshCode.NO_SERVICE, 'No mpi named vectors.kinds.missing.'],
    ['malformed request', MeshCode.SYSTEM_ERROR, /^Expecting property name/],
  ])('%s', (name, code, message) => {
    expect(() => reply(name)).toThrow(expect.objectContaining({ code, details: [] }));
    expect(() => reply(name)).toThrow(message);
  });
});

describe('an answer', () => {
  it.each([1, 'x', null, [1], { a: 1 }, false, 0, ''])('of %j arrives', (content) => {
    expect(openEnvelope(successEnvelope(content))).toEqual(content);
  });

  it('of nothing is null', () => {
    expect(successEnvelope(undefined)).toEqual({ code: 'E0000000000', message: 'success', content: null });
    expect(openEnvelope({ code: 'E0000000000' })).toBeNull();
  });

  it.each(['0', 0])('of an older node says %j for success', (code) =>
    expect(openEnvelope({ code, content: 1 })).toBe(1),
  );

  it('says of a failure what the reference does', () => {
    expect(failureEnvelope(new MeshError(MeshCode.FORBIDDEN, 'no'))).toEqual(
      JSON.parse(rpcVector('provider throws a coded error').reply),
    );
  });

  it('keeps code, message and details, and nothing else', () => {
    const sent = failureEnvelope(
      new MeshError('E0010000001', 'm', { details: ['a', 'b'], cause: new Error('secret'), neverSent: true }),
    );
    expect(JSON.stringify(sent)).not.toContain('secret');
    const error = failure(JSON.parse(JSON.stringify(sent)));
    expect(error).toMatchObject({ code: 'E0010000001', message: 'm', details: ['a', 'b'], neverSent: false });
    expect(error.cause).toBeUndefined();
  });

  it('has a message where the peer sent none', () => {
    expect(failure({ code: MeshCode.TIMEOUT }).message).toBe('timeout');
    expect(failure({ code: MeshCode.TIMEOUT, message: 1 }).message).toBe('timeout');
    expect(failure({ code: MeshCode.TIMEOUT, msg: 'late' }).message).toBe('late');
  });

  it('keeps the stack of a peer in another language for the log', () => {
    const cause = { name: 'java.lang.IllegalStateException', pos: '', text: 'at com.be.Mesh', buff: 'rO0ABQ==' };
    const error = failure({ code: 'E0000000500', message: 'm', cause });
    expect(error.cause).toMatchObject({ name: cause.name, message: cause.text });
    expect(error.details).toEqual([]);
    expect(failureEnvelope(error)).toEqual({ code: 'E0000000500', message: 'm', cause: {} });
  });

  it.each([MeshCode.SUCCESS, '0', '', 'E'.repeat(65)])(
    'never says success, nor nothing: a failure of code %j',
    (code) => {
      const { code: sent } = failureEnvelope(new MeshError(code, 'm'));
      expect(sent).toBe(MeshCode.SYSTEM_ERROR);
    },
  );

  it.each<[unknown, RegExp]>([
    [null, /got null/],
    ['x', /got a string/],
    [[], /got an array/],
    [{}, /got an object without members/],
    [{ result: 1, ok: true }, /got an object with 'result', 'ok'/],
    [{ code: 200 }, /got a code of a number/],
    [{ code: '' }, /got a code of a string/],
    [{ code: 'E'.repeat(65) }, /got a code of a string/],
    [Object.create({ code: 'E0000000000', content: 1 }), /without members/],
  ])('%o is none', (value, message) => {
    expect(failure(value)).toMatchObject({
      code: MeshCode.ENCODING,
      message: expect.stringMatching(message) as string,
    });
  });

  it('bounds what it sends and keeps', () => {
    const huge = new MeshError('E0000000500', 'x'.repeat(1e6), {
      details: Array.from({ length: 1_000 }, () => 'y'.repeat(1e5)),
    });
    const sent = failureEnvelope(huge);
    expect(sent.message).toHaveLength(16_384);
    expect(sent.cause.details).toHaveLength(256);
    const kept = failure({ code: huge.code, message: huge.message, cause: { details: [...huge.details, 1, {}] } });
    expect(kept.message).toHaveLength(16_384);
    expect(kept.details).toHaveLength(256);
    expect(kept.details[0]).toHaveLength(16_384);
  });

  it('never fails with anything but a MeshError, nor does a request', () => {
    const hostile = fc.oneof(
      fc.anything({ withBigInt: true, withDate: true, withMap: true, withNullPrototype: true }),
      fc.record(
        { code: fc.anything(), message: fc.anything(), cause: fc.anything(), content: fc.anything() },
        { requiredKeys: [] },
      ),
      fc.record({ attachments: fc.anything() }),
    );
    fc.assert(
      fc.property(hostile, fc.constantFrom(splitRequest, openEnvelope), (value, read) => {
        try {
          read(value);
        } catch (error) {
          expect(error).toBeInstanceOf(MeshError);
        }
      }),
      { numRuns: 500 },
    );
  });
});
