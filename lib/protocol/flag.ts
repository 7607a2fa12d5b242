import { MeshCode } from '../errors/mesh-code.js';
import { MeshError } from '../errors/mesh-error.js';

/** What a URN says about how and where it is served (PROTOCOL 7). */
export interface UrnFlag {
  /** Version of the flag, two digits. */
  readonly v: string;
  /** Number of the transport, two digits: see {@link PROTO_NUMBER}. */
  readonly proto: string;
  /** Number of the codec, two digits: see {@link CODEC_NUMBER}. */
  readonly codec: string;
  /** Version of the service, three numbers up to 99: `1.0.0`. */
  readonly version: string;
  /** Zone, two digits. */
  readonly zone: string;
  /** Cluster, two digits. */
  readonly cluster: string;
  /** Cell, two digits. */
  readonly cell: string;
  /** Group, two digits. */
  readonly group: string;
  /** IPv4 address of the very instance asked for; `0.0.0.0` for any. */
  readonly address: string;
  /** Port of the very instance asked for; 0 for any. */
  readonly port: number;
}

/** The number of each transport in a flag. */
export const PROTO_NUMBER: Readonly<Record<string, string>> = { http: '00', grpc: '01', mqtt: '02', tcp: '03' };

/** The number of each codec in a flag. */
export const CODEC_NUMBER: Readonly<Record<string, string>> = {
  json: '00',
  protobuf: '01',
  xml: '02',
  thrift: '03',
  yaml: '04',
};

/** The flag of a call that asks for nothing in particular: gRPC, JSON, any instance. */
export const DEFAULT_FLAG: UrnFlag = {
  v: '00',
  proto: '01',
  codec: '00',
  version: '0.0.0',
  zone: '00',
  cluster: '00',
  cell: '00',
  group: '00',
  address: '0.0.0.0',
  port: 0,
};

/** Digits of a flag. */
export const FLAG_LENGTH = 37;

/** The number of a transport; `grpc`'s for a name that the protocol has no number for. */
export function protoNumber(name: string): string {
  return PROTO_NUMBER[name] ?? '01';
}

/** The number of a codec; `json`'s for a name that the protocol has no number for. */
export function codecNumber(name: string): string {
  return CODEC_NUMBER[name] ?? '00';
}

/** The flag of a call that is written by a codec, and asks for nothing in particular. */
export function flagOfCodec(name: string): UrnFlag {
  const codec = codecNumber(name);
  return codec === DEFAULT_FLAG.codec ? DEFAULT_FLAG : { ...DEFAULT_FLAG, codec };
}

/** The name of a transport's number; `undefined` for a number that the protocol does not know. */
export function protoName(number: string): string | undefined {
  return nameOf(PROTO_NUMBER, number);
}

/** The name of a codec's number; `undefined` for a number that the protocol does not know. */
export function codecName(number: string): string | undefined {
  return nameOf(CODEC_NUMBER, number);
}

/**
 * The 37 digits of a flag. What is absent or empty is taken from {@link DEFAULT_FLAG} or is zero; numbers are filled up
 * with zeros on the left, a version or address with zeros on the right.
 *
 * @throws MeshError E0000000400 for a part that does not fit its digits
 */
export function formatFlag(flag: Partial<UrnFlag> = DEFAULT_FLAG): string {
  if (flag === DEFAULT_FLAG) return DEFAULT_DIGITS;
  const port = flag.port ?? 0;
  return (
    digits('v', flag.v, 2) +
    digits('proto', flag.proto ?? DEFAULT_FLAG.proto, 2) +
    digits('codec', flag.codec ?? DEFAULT_FLAG.codec, 2) +
    numbers('version', flag.version, 3, 2, 99) +
    digits('zone', flag.zone, 2) +
    digits('cluster', flag.cluster, 2) +
    digits('cell', flag.cell, 2) +
    digits('group', flag.group, 2) +
    numbers('address', flag.address, 4, 3, 255) +
    digits('port', port >= 0 && port <= 65_535 ? String(port) : 'out of range', 5)
  );
}

/**
 * Reads the 37 digits of a flag.
 *
 * @throws MeshError E0000000400 when they are not 37 digits, or the address or port is none
 */
export function parseFlag(text: string): UrnFlag {
  if (text === DEFAULT_DIGITS) return DEFAULT_FLAG;
  if (text.length !== FLAG_LENGTH || !/^\d+$/.test(text)) {
    throw invalid(`it must be ${FLAG_LENGTH} digits, got '${text.slice(0, 64)}'`);
  }
  const octets = split(text.slice(20, 32), 3);
  if (octets.some((octet) => octet > 255))
    throw invalid(`its address must be four numbers up to 255, got '${octets.join('.')}'`);
  const port = Number(text.slice(32));
  if (port > 65_535) throw invalid(`its port must be at most 65535, got ${port}`);
  return {
    v: text.slice(0, 2),
    proto: text.slice(2, 4),
    codec: text.slice(4, 6),
    version: split(text.slice(6, 12), 2).join('.'),
    zone: text.slice(12, 14),
    cluster: text.slice(14, 16),
    cell: text.slice(16, 18),
    group: text.slice(18, 20),
    address: octets.join('.'),
    port,
  };
}

const DEFAULT_DIGITS = '0001000000000000000000000000000000000';

function digits(part: string, value: string | undefined, length: number): string {
  const text = value ?? '';
  if (text.length > length || !/^\d*$/.test(text))
    throw invalid(`its ${part} must be up to ${length} digits, got '${text}'`);
  return text.padStart(length, '0');
}

function numbers(part: string, value: string | undefined, count: number, length: number, limit: number): string {
  const text = value ?? '';
  const parts = text === '' ? [] : text.split('.');
  if (parts.length > count || parts.some((number) => !/^\d{1,3}$/.test(number) || Number(number) > limit)) {
    throw invalid(`its ${part} must be ${count} numbers up to ${limit}, got '${text}'`);
  }
  return parts
    .map((number) => String(Number(number)).padStart(length, '0'))
    .join('')
    .padEnd(count * length, '0');
}

function split(text: string, length: number): number[] {
  const parts: number[] = [];
  for (let at = 0; at < text.length; at += length) parts.push(Number(text.slice(at, at + length)));
  return parts;
}

function nameOf(table: Readonly<Record<string, string>>, number: string): string | undefined {
  return Object.keys(table).find((name) => table[name] === number);
}

function invalid(what: string): MeshError {
  return new MeshError(MeshCode.INVALID_REQUEST, `the flag of the URN is invalid: ${what}`);
}
