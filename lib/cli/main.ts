#!/usr/bin/env node
import { runCommand } from './command.js';
import { ExitCode } from './exit-code.js';

const print = {
  out: (text: string) => void process.stdout.write(`${text}\n`),
  err: (text: string) => void process.stderr.write(`${text}\n`),
};

try {
  process.exitCode = await runCommand(process.argv.slice(2), process.env, print);
} catch (error) {
  print.err(`mesh-node: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
  process.exitCode = ExitCode.FAILED;
}
