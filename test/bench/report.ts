import type { Results } from './contest.js';
import { figure, markdown } from './markdown.js';
import { entriesOf, entryOf, pairedSpeed, rowName, rowsOf, type Row } from './rows.js';
import { median, summarise } from './stats.js';

/** The tables, in Markdown: one for each quantity of each cell, with the speeds of all peers beside those of the references. */
export function report(results: Results, references: readonly string[]): string {
  return [...results.keys()]
    .flatMap(rowsOf)
    .map((row) => `### ${rowName(row)}\n\n${tableOf(results, row, references)}`)
    .join('\n\n');
}

function tableOf(results: Results, row: Row, names: readonly string[]): string {
  const entries = entriesOf(results, row);
  const references = names.flatMap((name) => entryOf(results, row, name) ?? []);
  const hasRelays = entries.some(({ peer }) => peer.relays !== undefined);
  const head = [
    'peer',
    row.unit,
    'min–max',
    ...references.map(({ peer }) => `× ${peer.name}`),
    'CPU µs client',
    'server',
    ...(hasRelays ? ['each relay'] : []),
  ];
  const body = entries.map((entry) => {
    const { peer, rounds } = entry;
    const { median: middle, min, max } = summarise(rounds.map((result) => row.value(result, peer)));
    return [
      peer.name,
      figure(middle),
      `${figure(min)}–${figure(max)}`,
      ...references.map((reference) => pairedSpeed(row, entry, reference).toFixed(2)),
      figure(median(rounds.map(({ clientCpu }) => clientCpu / row.share(peer)))),
      figure(median(rounds.map(({ serverCpu }) => serverCpu / row.share(peer)))),
      ...(hasRelays ? [peer.relays ? figure(median(rounds.map(({ relayCpu }) => relayCpu))) : ''] : []),
    ];
  });
  return markdown([head, ...body]);
}
