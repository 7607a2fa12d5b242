import { invalid, MAX_TIMEOUT_MS, writeTimeout } from '../fields.js';

/**
 * The wait that a pop's query names in seconds, in ms; `undefined` when it names none. 0 does not wait: what is left to the
 * server is left out here.
 * @throws MeshError E0000000400 when it is no whole number of seconds
 */
export function readTimeoutQuery(query: string): number | undefined {
  const value = new URLSearchParams(query).get('timeout');
  if (value === null || value === '') return undefined;
  const ms = /^\d{1,10}$/.test(value) ? Number(value) * 1_000 : NaN;
  if (ms <= MAX_TIMEOUT_MS) return ms;
  const most = Math.floor(MAX_TIMEOUT_MS / 1_000);
  throw invalid(`the query's 'timeout' must be a whole number of seconds from 0 to ${most}`);
}

/** The query of a pop that waits so long, rounded up to seconds. */
export function writeTimeoutQuery(timeoutMs: number | undefined): string {
  if (timeoutMs === undefined) return '';
  return timeoutMs === 0 ? 'timeout=0' : `timeout=${Math.ceil(writeTimeout(timeoutMs) / 1_000)}`;
}
