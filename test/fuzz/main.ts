import { parseArgs } from 'node:util';
import { fuzz, type Result } from './fuzzer.js';
import { record } from './record.js';
import { TARGETS } from './targets/targets.js';

const HELP = `npm run fuzz -- [--seconds 60] [--seed N] [--target NAME]... | --record

Feeds everything that reads bytes of strangers with mutated recordings (test/fuzz/README.md).

  --seconds  time for all targets together. Default: 60
  --seed     what the mutations are drawn from. Default: another one each time; it is printed
  --target   one of ${TARGETS.map(([{ name }]) => name).join(', ')}. Default: all
  --record   makes the recordings anew
`;

/** Runs what the arguments say. @returns the exit code */
export async function main(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seconds: { type: 'string', default: '60' },
      seed: { type: 'string', default: String(Math.floor(Math.random() * 2 ** 32)) },
      target: { type: 'string', multiple: true, default: [] },
      record: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return say(HELP);
  if (values.record) return say(await record());
  const chosen = TARGETS.filter(([{ name }]) => values.target.length === 0 || values.target.includes(name));
  const shares = chosen.reduce((sum, [, share]) => sum + share, 0);
  const seed = Number(values.seed);
  say(`seed ${seed}`);
  let code = 0;
  for (const [target, share] of chosen) {
    const result = await fuzz(target, (Number(values.seconds) * share) / shares, seed);
    say(lineOf(result));
    if (result.finding) code = 1;
  }
  return code;
}

function lineOf({ target, inputs, seconds, outcomes, grown, finding }: Result): string {
  const memory = `${Math.round(grown / 1_048_576)} MiB more in use`;
  const line = `${target}: ${inputs} inputs in ${seconds.toFixed(1)} s, ${outcomes} different outcomes, ${memory}`;
  if (!finding) return line;
  const { error, files, seed } = finding;
  const what = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return [`${line}\nFAILED with --target ${target} --seed ${seed}: ${what}`, ...files].join('\n  ');
}

function say(text: string): 0 {
  process.stdout.write(`${text}\n`);
  return 0;
}
