import type { IncomingHttpHeaders } from 'node:http';

/** Largest head of a plain request, in bytes. */
const MAX_HEAD_BYTES = 8 * 1024;

/** Most fields in the head of a plain request. */
const MAX_FIELDS = 64;

const HEAD_END = Buffer.from('\r\n\r\n');

/**
 * The head of a plain request. It is less than RFC 9112 allows, so that nobody can read it otherwise: no tabs, nothing beyond ASCII, no
 * line that goes on in the next, no space before a colon, and names of letters, digits and `-`.
 */
const plainHead = /^POST \/[!-"$-~]* HTTP\/1\.1\r\n(?:[0-9A-Za-z-]+:[ -~]*\r\n)+\r\n$/;

/** The same, as far as it has come: from the second line on, and before. */
const begunHead = /^POST \/[!-"$-~]* HTTP\/1\.1\r\n(?:[0-9A-Za-z-]+:[ -~]*\r\n)*(?:[0-9A-Za-z-]+(?::[ -~]*\r?)?|\r)?$/;
const begunLine = /^POST \/[!-"$-~]*(?<rest> [^]*)?$/;

/** The shortest text that {@link begunLine} can be asked of. */
const LINE_BEGIN = 'POST /';

const SPACE = 0x20;

/** Where the path begins in it. */
const TARGET_AT = 'POST '.length;

/** What stands behind the path. */
const LINE_REST = ' HTTP/1.1\r\n';

/** With so many digits it is exact. */
const lengthInBytes = /^\d{1,15}$/;

/** Fields that change how a request is read, or what becomes of its connection. */
const odd: ReadonlySet<string> = new Set([
  'expect',
  'http2-settings',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** A request over HTTP/1.1 in its plainest form: a `POST` that has each of its fields once, and says how long its body is. */
export interface PlainRequest {
  /** Path and query. */
  readonly target: string;
  readonly headers: IncomingHttpHeaders;
  /** What is there of its body. */
  readonly body: Buffer;
  /** Where it ends: in the bytes that it was read from, or behind them. */
  readonly end: number;
}

/**
 * Reads a request in its plainest form, whose body may still be on its way.
 *
 * @param from where it begins
 * @returns `undefined` for whatever is not that form from the first byte of its head to the last, and for a head that is not all there
 */
export function readPlainRequest(bytes: Buffer, from: number): PlainRequest | undefined {
  const blank = bytes.indexOf(HEAD_END, from);
  if (blank < 0 || blank - from > MAX_HEAD_BYTES) return undefined;
  const bodyAt = blank + HEAD_END.length;
  const head = bytes.toString('latin1', from, bodyAt);
  if (!plainHead.test(head)) return undefined;
  const targetEnd = head.indexOf(' ', TARGET_AT);
  const headers = fieldsOf(head, targetEnd + LINE_REST.length);
  if (!headers) return undefined;
  const length = bodyLengthOf(headers);
  if (length === undefined) return undefined;
  const end = bodyAt + length;
  return { target: head.slice(TARGET_AT, targetEnd), headers, body: bytes.subarray(bodyAt, end), end };
}

/**
 * Whether a plain request may come of bytes that end before its head does. Whatever `node:http` would refuse already is none; of a line
 * that has not ended, only its form is looked at.
 *
 * @param from where it begins
 */
export function beginsPlainly(bytes: Buffer, from: number): boolean {
  if (bytes.length - from > MAX_HEAD_BYTES) return false;
  const head = bytes.toString('latin1', from);
  const lineEnd = head.indexOf('\r\n');
  if (lineEnd < 0) return beginsLine(head);
  if (!begunHead.test(head)) return false;
  const headers = fieldsOf(`${head.slice(0, head.lastIndexOf('\r\n'))}\r\n\r\n`, lineEnd + 2);
  return headers !== undefined && bodyLengthOf({ host: '', 'content-length': '0', ...headers }) !== undefined;
}

function beginsLine(line: string): boolean {
  if (line.length < LINE_BEGIN.length) return LINE_BEGIN.startsWith(line);
  const begun = begunLine.exec(line);
  return begun !== null && LINE_REST.startsWith(begun.groups?.['rest'] ?? '');
}

/** The fields of a head; `undefined` when one is there twice, or is {@link odd}, or they are too many. */
function fieldsOf(head: string, from: number): IncomingHttpHeaders | undefined {
  // With a prototype, as those of `node:http`: objects without one are slow. What it has counts as being there already.
  const fields: Record<string, string> = {};
  const blank = head.length - 2;
  let count = 0;
  for (let at = from; at < blank;) {
    const colon = head.indexOf(':', at);
    const end = head.indexOf('\r', colon);
    const name = head.slice(at, colon).toLowerCase();
    if (fields[name] !== undefined || odd.has(name) || ++count > MAX_FIELDS) return undefined;
    fields[name] = valueIn(head, colon + 1, end);
    at = end + 2;
  }
  return fields;
}

/** A value without the spaces around it, most often one before it. */
function valueIn(head: string, from: number, end: number): string {
  const begin = head.charCodeAt(from) === SPACE ? from + 1 : from;
  const isBare = head.charCodeAt(begin) !== SPACE && head.charCodeAt(end - 1) !== SPACE;
  return isBare ? head.slice(begin, end) : head.slice(begin, end).trim();
}

/** How long the body is; `undefined` when that, or who is asked, or that the connection is kept, is not said plainly. */
function bodyLengthOf(headers: IncomingHttpHeaders): number | undefined {
  const { host, connection = 'keep-alive', 'content-length': length } = headers;
  if (host === undefined || length === undefined || !lengthInBytes.test(length)) return undefined;
  return connection.toLowerCase() === 'keep-alive' ? Number(length) : undefined;
}
