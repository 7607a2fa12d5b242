import * as check from '../../options/checks.js';
import { isRecord, type OptionReader, readObject } from '../../options/option-reader.js';
import type { ResolvedPartner } from '../../options/partner-options.js';
import { Problems } from '../../options/problems.js';
import { partnerAddresses, readWay, type Way } from '../../options/read-partners.js';
import { WireFields } from '../../protocol/wire-fields.js';
import { NO_DETAILS, type PartnerRoute, type RouteDetails } from './partner-route.js';

/** Longest description and extension of a route, and longest of its keys and certificates, in characters. */
const MAX_PROSE = 8_192;
const MAX_PEM = 32_768;

/** Most addresses of one node. */
const MAX_ADDRESSES = 64;

/** Bits of a status that are kept, known or not. */
const STATUS_BITS = 0x7fff_ffff;

/** Latest moment that a `Date` can be, in ms. */
const LATEST_MS = 8_640_000_000_000_000;

/** The route there is already to a node. */
export type KnownRoute = (nodeId: string) => PartnerRoute | undefined;

/**
 * Reads a route as it came (standard, `net/refresh`): in snake_case or camelCase; what it does not know is passed over. How the
 * partner is reached (`transport`, `mode`, `dialect`, `content_type`, `timeout_ms`, `via`) stands beside the fields of the standard, or, for
 * clients that have only those, under `way` in a JSON object in `extra`. `expire_at` is in ms, or a date.
 *
 * What is not said is as in the route that is known, else the default. Not said is what is absent or null; also an empty key,
 * authorisation code, institution or address, and a status of 0, since clients send those of what they never learnt.
 *
 * @param known the route there is already
 * @param path what errors call it
 * @returns a route without addresses when neither names one
 * @throws MeshError E0000000400 that says what is wrong, and where
 */
export function readRoute(value: unknown, known: KnownRoute = () => undefined, path = 'route'): PartnerRoute {
  const fields = new WireFields(path, value);
  const problems = new Problems();
  const nodeId = check.partyId(fields.text('node_id').trim(), `${path}.node_id`, problems) ?? '';
  const before = nodeId === '' ? undefined : known(nodeId);
  const details = readDetails(fields, before?.details ?? NO_DETAILS);
  const said = { ...(fields.raw('extra') !== undefined && wayWithin(details.extra, path)), ...waySaid(fields) };
  const read = (reader: OptionReader): Omit<ResolvedPartner, 'nodeId'> => ({
    instId: reader.take('instId', check.partyId, () => before?.instId ?? ''),
    addresses: reader.take('address', partnerAddresses, () => before?.addresses ?? []),
    ...readWay(reader, path, problems),
  });
  const named = { instId: fields.text('inst_id').trim() || undefined, address: addressOf(fields) };
  const way = readObject(path, { ...carriedOver(before, said), ...said, ...named }, problems, read);
  problems.throwIfAny();
  return { nodeId, ...way, origin: 'administration', details };
}

function readDetails(fields: WireFields, before: RouteDetails): RouteDetails {
  const isSaid = (name: string): boolean => fields.raw(name) !== undefined;
  const text = (name: string, otherwise: string): string => (isSaid(name) ? fields.text(name) : otherwise);
  const prose = (name: string, otherwise: string): string => (isSaid(name) ? fields.lines(name, MAX_PROSE) : otherwise);
  const count = (name: string, otherwise: number): number => (isSaid(name) ? fields.count(name) : otherwise);
  const pem = (name: string, otherwise: string): string => fields.lines(name, MAX_PEM) || otherwise;
  return {
    name: text('name', before.name),
    instName: text('inst_name', before.instName),
    describe: prose('describe', before.describe),
    status: readStatus(fields) || before.status,
    version: count('version', before.version),
    authCode: fields.lines('auth_code', MAX_PROSE) || before.authCode,
    expireAt: isSaid('expire_at') ? readMoment(fields, 'expire_at') : before.expireAt,
    extra: isSaid('extra') ? readExtra(fields) : before.extra,
    group: text('group', before.group),
    upstream: count('upstream', before.upstream),
    downstream: count('downstream', before.downstream),
    staticIp: text('static_ip', before.staticIp),
    proxy: text('proxy', before.proxy),
    concurrency: count('concurrency', before.concurrency),
    hostRoot: pem('host_root', before.hostRoot),
    hostKey: pem('host_key', before.hostKey),
    hostCrt: pem('host_crt', before.hostCrt),
    guestRoot: pem('guest_root', before.guestRoot),
    guestKey: pem('guest_key', before.guestKey),
    guestCrt: pem('guest_crt', before.guestCrt),
  };
}

function readStatus(fields: WireFields): number {
  const status = fields.count('status');
  if (status <= STATUS_BITS) return status;
  throw fields.refuse('status', `bits of a number up to ${STATUS_BITS}`, status);
}

/** A moment in ms, or a date as ISO 8601 has it, with a blank or a T. Before 1970 is never, as with clients whose dates begin in the year 1. */
function readMoment(fields: WireFields, name: string): number {
  const text = fields.text(name).trim();
  const moment = /^-?\d+(?:\.\d+)?$|^$/.test(text) ? Math.floor(Number(text)) : Date.parse(text);
  if (moment <= LATEST_MS) return Math.max(0, moment);
  throw fields.refuse(name, 'a time in ms since 1970, or a date such as 2027-01-31T12:00:00Z', text);
}

function readExtra(fields: WireFields): string {
  const value = fields.raw('extra');
  if (!isRecord(value)) return fields.lines('extra', MAX_PROSE);
  return new WireFields('route', { extra: JSON.stringify(value) }).lines('extra', MAX_PROSE);
}

type WaySaid = { readonly [K in keyof Way]?: unknown };

/** How the partner is reached, as far as it is said. */
function waySaid(fields: WireFields): WaySaid {
  const texts = { transport: 'transport', mode: 'mode', dialect: 'dialect', contentType: 'content_type', via: 'via' };
  const said = Object.entries(texts).map(([name, field]) => [name, fields.text(field)] as const);
  return Object.fromEntries([...said, ['timeoutMs', fields.count('timeout_ms')] as const].filter(([, value]) => value));
}

/** The same, in what a client says that has the fields of the standard only. */
function wayWithin(extra: string, path: string): WaySaid {
  const parsed = parsedOr(extra);
  const way = isRecord(parsed) && Object.hasOwn(parsed, 'way') ? parsed['way'] : undefined;
  return isRecord(way) ? waySaid(new WireFields(`${path}.extra.way`, way)) : {};
}

function parsedOr(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** What stays as it was: mode and content type only as long as they are about the same way. */
function carriedOver(before: PartnerRoute | undefined, said: WaySaid): WaySaid {
  if (!before) return {};
  const { transport, via, mode, contentType, dialect, timeoutMs } = before;
  const common = { transport, dialect, timeoutMs };
  const isSame = (said.transport ?? transport) === transport && (said.via ?? via) === via;
  return isSame ? { ...common, via, mode, ...(transport === 'http' && { contentType }) } : common;
}

/** Addresses as the standard has them, in one text, or as a list. */
function addressOf(fields: WireFields): unknown {
  const address = fields.raw('address') ?? fields.raw('addresses');
  if (!Array.isArray(address)) return fields.lines('address', MAX_PROSE) || undefined;
  if (address.length <= MAX_ADDRESSES) return address.length === 0 ? undefined : address;
  throw fields.refuse('address', `at most ${MAX_ADDRESSES} addresses`, address);
}
