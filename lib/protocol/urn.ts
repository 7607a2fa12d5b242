import { MeshCode } from '../errors/mesh-code.js';
import { MeshError } from '../errors/mesh-error.js';
import { DEFAULT_FLAG, formatFlag, parseFlag, type UrnFlag } from './flag.js';

/** The name of a service at a node, network-wide (PROTOCOL 7). */
export interface Urn {
  /** Name of the service, in the order people write it: `mesh.trust.apply`. */
  readonly name: string;
  /** Node asked for; as parsed, in lower case. Compared without case: see {@link sameId}. */
  readonly nodeId: string;
  /** How and where it is served. */
  readonly flag: UrnFlag;
  /** Last part of the URN; as parsed, in lower case. */
  readonly domain: string;
}

/** What {@link formatUrn} needs: a flag and a domain only where they are not the usual ones. */
export interface UrnParts {
  readonly name: string;
  readonly nodeId: string;
  /** Default {@link DEFAULT_FLAG}. */
  readonly flag?: Partial<UrnFlag> | undefined;
  /** Default {@link DEFAULT_DOMAIN}. */
  readonly domain?: string | undefined;
}

/** The domain of URNs where the options name no other. */
export const DEFAULT_DOMAIN = 'trustbe.cn';

/** The node of an application that names none. */
export const LOCAL_NODE_ID = 'LX0000000000000';

/** The institution of an application that names none. */
export const LOCAL_INST_ID = 'JG0000000000000000';

/** Longest URN read or written, in characters. */
export const MAX_URN_LENGTH = 1024;

/**
 * Writes a URN: the segments of the name reversed, the flag, the node in lower case, the domain. A `${…}` segment stays
 * one segment.
 *
 * @throws MeshError E0000000400 for a part that a URN cannot say
 */
export function formatUrn({ name, nodeId, flag = DEFAULT_FLAG, domain = DEFAULT_DOMAIN }: UrnParts): string {
  if (!/^[!-\-/-~]+$/.test(nodeId)) throw invalid(`the node id must be printable ASCII without dots, got '${nodeId}'`);
  const path = reversed(name);
  const urn = `${path}.${formatFlag(flag)}.${nodeId.toLowerCase()}.${checkedDomain(domain).toLowerCase()}`;
  if (urn.length > MAX_URN_LENGTH) throw tooLong(urn.length);
  return urn;
}

/**
 * Reads a URN. The flag is what tells the parts from each other: before it stands the name, after it the node and the
 * domain, which may have any number of segments.
 *
 * @throws MeshError E0000000400 that says what is wrong
 */
export function parseUrn(text: string): Urn {
  if (text === '') throw invalid('it is empty');
  if (text.length > MAX_URN_LENGTH) throw tooLong(text.length);
  const parts = /^(.+)\.(\d{37})\.([^.]+)\.(.+)$/.exec(text);
  if (!parts)
    throw invalid(`it must be <name reversed>.<flag of 37 digits>.<node>.<domain>, got '${text.slice(0, 200)}'`);
  const [, path = '', flag = '', nodeId = '', domain = ''] = parts;
  if (!/^[!-~]+$/.test(nodeId)) throw invalid(`the node id must be printable ASCII, got '${nodeId}'`);
  return {
    name: reversed(path),
    nodeId: nodeId.toLowerCase(),
    flag: parseFlag(flag),
    domain: checkedDomain(domain).toLowerCase(),
  };
}

/** Whether two ids of nodes or institutions are the same: they are compared without case (PROTOCOL 2). */
export function sameId(a: string, b: string): boolean {
  return a === b || (a.length === b.length && a.toLowerCase() === b.toLowerCase());
}

/** A segment: `${…}`, or printable ASCII without dots and braces. */
const SEGMENT = /^(\$\{[!-|~]+\}|[!-\-/-z|~]+)$/;

function reversed(path: string): string {
  const segments = path.match(/\$\{[^}]*\}|[^.]+/g) ?? [];
  if (path === '' || segments.join('.') !== path || !segments.every((segment) => SEGMENT.test(segment))) {
    throw invalid(`the name must be segments of printable ASCII with dots between them, got '${path.slice(0, 200)}'`);
  }
  return segments.toReversed().join('.');
}

function checkedDomain(domain: string): string {
  if (/^[!-\-/-~]+(\.[!-\-/-~]+)*$/.test(domain)) return domain;
  throw invalid(`the domain must be segments of printable ASCII with dots between them, got '${domain.slice(0, 200)}'`);
}

function tooLong(length: number): MeshError {
  return invalid(`it must be at most ${MAX_URN_LENGTH} characters, got ${length}`);
}

function invalid(what: string): MeshError {
  return new MeshError(MeshCode.INVALID_REQUEST, `invalid URN: ${what}`);
}
