import { MeshCode } from '../errors/mesh-code.js';
import { MeshError } from '../errors/mesh-error.js';
import { DEFAULT_FLAG, FLAG_LENGTH, formatFlag, parseFlag, type UrnFlag } from './flag.js';

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
  const node = checkedNodeId(nodeId).toLowerCase();
  const urn = `${reversed(name)}.${formatFlag(flag)}.${node}.${checkedDomain(domain).toLowerCase()}`;
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
  if (text.length > MAX_URN_LENGTH) throw tooLong(text.length);
  const flagAt = findFlag(text);
  const nodeAt = flagAt + FLAG_LENGTH + 1;
  const domainAt = text.indexOf('.', nodeAt) + 1;
  if (flagAt < 0 || domainAt <= nodeAt) throw misshapen(text);
  return {
    name: reversed(text.slice(0, flagAt - 1)),
    nodeId: checkedNodeId(text.slice(nodeAt, domainAt - 1)).toLowerCase(),
    flag: parseFlag(text.slice(flagAt, nodeAt - 1)),
    domain: checkedDomain(text.slice(domainAt)).toLowerCase(),
  };
}

/** The number of the codec that the flag of a URN says; `undefined` for what is no URN. Nothing else of it is looked at. */
export function codecNumberIn(text: string): string | undefined {
  if (text.length > MAX_URN_LENGTH) return undefined;
  const flagAt = findFlag(text);
  return flagAt < 0 ? undefined : text.slice(flagAt + 4, flagAt + 6);
}

/** Where the last segment of {@link FLAG_LENGTH} digits begins; -1 when there is none behind a name. */
function findFlag(text: string): number {
  for (let end = text.length; end > FLAG_LENGTH;) {
    const dot = text.lastIndexOf('.', end - 1);
    if (end - dot - 1 === FLAG_LENGTH && /^\d+$/.test(text.slice(dot + 1, end))) return dot < 1 ? -1 : dot + 1;
    end = dot;
  }
  return -1;
}

/** Whether two ids of nodes or institutions are the same: they are compared without case (PROTOCOL 2). */
export function sameId(a: string, b: string): boolean {
  return a === b || (a.length === b.length && a.toLowerCase() === b.toLowerCase());
}

/** A segment: `${…}`, or printable ASCII without dots and braces. */
const SEGMENT = /^(\$\{[!-|~]+\}|[!-\-/-z|~]+)$/;

/** Several segments, none of which is `${…}`. */
const PLAIN_SEGMENTS = /^[!-\-/-z|~]+(\.[!-\-/-z|~]+)*$/;

/** Turns the order of the segments of a name round. */
function reversed(name: string): string {
  if (PLAIN_SEGMENTS.test(name)) return name.split('.').toReversed().join('.');
  const segments = name.match(/\$\{[^}]*\}|[^.]+/g) ?? [];
  if (segments.join('.') === name && name !== '' && segments.every((segment) => SEGMENT.test(segment))) {
    return segments.toReversed().join('.');
  }
  throw invalid(`the name must be segments of printable ASCII with dots between them, got '${name.slice(0, 200)}'`);
}

function checkedNodeId(nodeId: string): string {
  if (/^[!-\-/-~]+$/.test(nodeId)) return nodeId;
  throw invalid(`the node id must be printable ASCII without dots, got '${nodeId.slice(0, 200)}'`);
}

function checkedDomain(domain: string): string {
  if (/^[!-\-/-~]+(\.[!-\-/-~]+)*$/.test(domain)) return domain;
  throw invalid(`the domain must be segments of printable ASCII with dots between them, got '${domain.slice(0, 200)}'`);
}

function misshapen(text: string): MeshError {
  const shape = `<name reversed>.<flag of ${FLAG_LENGTH} digits>.<node>.<domain>`;
  return invalid(`it must be ${shape}, got '${text.slice(0, 200)}'`);
}

function tooLong(length: number): MeshError {
  return invalid(`it must be at most ${MAX_URN_LENGTH} characters, got ${length}`);
}

function invalid(what: string): MeshError {
  return new MeshError(MeshCode.INVALID_REQUEST, `invalid URN: ${what}`);
}
