import { readArguments } from './arguments.js';
import { ExitCode } from './exit-code.js';
import { gather } from './gather.js';
import { helpText } from './help.js';
import type { Merged } from './layers.js';
import { packageVersion } from './version.js';

/** Where a command prints. */
export interface Printer {
  out(text: string): void;
  err(text: string): void;
}

/**
 * Runs `mesh-node`. What a node needs is loaded only when one is run or checked.
 *
 * @param argv the arguments, without those that Node takes
 * @returns the exit code, see {@link ExitCode}
 */
export async function runCommand(argv: readonly string[], env: NodeJS.ProcessEnv, print: Printer): Promise<number> {
  const args = readArguments(argv);
  if (args.command === 'help' && args.problems.length === 0) return printed(print, helpText().trimEnd());
  if (args.command === 'version' && args.problems.length === 0) return printed(print, packageVersion());
  const gathered = gather(args, env);
  if (gathered.kind === 'wrong') return refused(print, gathered.problems);
  for (const doubt of gathered.doubts) print.err(`mesh-node: ${doubt}`);
  return args.command === 'check' ? check(gathered.merged, env, print) : run(gathered.merged, env, print);
}

async function check(merged: Merged, env: NodeJS.ProcessEnv, print: Printer): Promise<number> {
  const [{ validate, placed }, { rehearse }, { effectiveText }] = await Promise.all([
    import('./settings.js'),
    import('./node-process.js'),
    import('./effective.js'),
  ]);
  const validated = validate(merged, env);
  if (validated.kind === 'wrong') return refused(print, validated.problems);
  const failure = await rehearse(validated.settings);
  if (failure) return refused(print, [placed(failure.problem, merged.whereIs)], failure.exitCode);
  print.out(
    `# The configuration is right. What has no remark is a default.\n${effectiveText(validated.settings, merged)}`,
  );
  return ExitCode.ENDED;
}

async function run(merged: Merged, env: NodeJS.ProcessEnv, print: Printer): Promise<number> {
  const [{ validate, placed }, { runNode }] = await Promise.all([import('./settings.js'), import('./node-process.js')]);
  const validated = validate(merged, env);
  if (validated.kind === 'wrong') return refused(print, validated.problems);
  const failure = await runNode(validated.settings, packageVersion(), (line) => print.out(line));
  return failure ? refused(print, [placed(failure.problem, merged.whereIs)], failure.exitCode) : ExitCode.ENDED;
}

function printed(print: Printer, text: string): number {
  print.out(text);
  return ExitCode.ENDED;
}

function refused(print: Printer, problems: readonly string[], exitCode: number = ExitCode.WRONG): number {
  for (const problem of problems) print.err(`mesh-node: ${problem}`);
  return exitCode;
}
