import { type ChildProcessWithoutNullStreams, execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { it } from 'vitest';

/** A Python interpreter that has what a test needs. */
export interface Python {
  /** The interpreter, for `spawn`. */
  readonly command: string;
  /** What was found in it, such as `imesh 0.0.29.12`. */
  readonly has: string;
}

/** The interpreters that will do, or why there is none. */
export interface PythonSearch {
  readonly found: readonly Python[];
  readonly reason: string;
}

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Virtual environments that the continuous integration makes; see `test/interop/requirements*.txt`. */
const VENVS = ['.venv/bin/python', '.venv/asyncio/bin/python'].map((path) => root + path);

/**
 * Looks for Python: those that `MESH_PYTHON` names (several are separated as in `PATH`), else the project's virtual
 * environments, else `python3`.
 *
 * @param distribution what must be installed there, by its name on PyPI
 * @param module what must load there, by its name in Python
 */
export async function findPython(distribution: string, module: string): Promise<PythonSearch> {
  const candidates = pythonCandidates();
  const probe = `import ${module}; from importlib.metadata import version; print("\\n" + version("${distribution}"))`;
  const results = await Promise.all(candidates.map((command) => tryPython(command, probe)));
  const found = results.flatMap(({ command, output }) =>
    output === undefined ? [] : [{ command, has: `${distribution} ${output.trim().split('\n').at(-1)}` }],
  );
  const tried = results.map(({ command, problem }) => `${command}: ${problem}`).join('; ');
  return { found, reason: `${module} of ${distribution} does not load in any Python (${tried})` };
}

/** Where no interpreter will do, stands in for the tests of this name: a skipped one, which prints the reason. */
export function skipWithoutPython({ found, reason }: PythonSearch, name: string): void {
  if (found.length > 0) return;
  it(name, ({ skip }) => {
    console.warn(`skipped: ${name}: ${reason}`);
    skip(reason);
  });
}

function pythonCandidates(): readonly string[] {
  const named = (process.env['MESH_PYTHON'] ?? '').split(delimiter).filter((command) => command !== '');
  if (named.length > 0) return named;
  const venvs = VENVS.filter((command) => existsSync(command));
  return venvs.length > 0 ? venvs : ['python3'];
}

interface Attempt {
  readonly command: string;
  readonly output?: string;
  readonly problem?: string;
}

async function tryPython(command: string, probe: string): Promise<Attempt> {
  try {
    const { stdout } = await promisify(execFile)(command, ['-c', probe], { timeout: 20_000 });
    return { command, output: stdout };
  } catch (error) {
    const lines = (error instanceof Error ? error.message : String(error)).trim().split('\n');
    return { command, problem: lines.at(-1) };
  }
}

/** Kept of what a script writes to its standard error, for the message when it fails. */
const STDERR_KEPT = 4_096;

/** How long a script may take for its next line, and to end by itself, in ms. */
const PATIENCE_MS = 20_000;

/** A Python script of `test/interop/python` under way. It ends when its input does; what does not is killed. */
export class PythonScript {
  private readonly lines: AsyncIterator<string>;
  private readonly ended: Promise<unknown>;
  private stderr = '';

  private constructor(private readonly child: ChildProcessWithoutNullStreams) {
    this.ended = new Promise((resolve) => child.once('close', resolve).once('error', resolve));
    child.stdin.on('error', () => undefined);
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.stderr = (this.stderr + text).slice(-STDERR_KEPT);
    });
    this.lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  }

  /** Starts a script with these arguments, and these variables over those of this process. */
  static start(
    python: Python,
    script: string,
    args: readonly string[] = [],
    env: Readonly<Record<string, string>> = {},
  ): PythonScript {
    const path = `${root}test/interop/python/${script}`;
    const ownEnv = { ...withoutMesh(process.env), ...env, PYTHONDONTWRITEBYTECODE: '1', PYTHONUTF8: '1' };
    return new PythonScript(spawn(python.command, [path, ...args], { env: ownEnv }));
  }

  /** The next line that the script prints; throws with what it wrote to its standard error when there is none in time. */
  async line(patienceMs = PATIENCE_MS): Promise<string> {
    const next = await Promise.race([this.lines.next(), sleep(patienceMs, undefined, { ref: false })]);
    if (next && !next.done) return next.value;
    throw new Error(`the script ${next ? 'ended' : 'printed nothing'}: ${this.stderr}`);
  }

  /** Writes a line to its standard input. */
  tell(line: string): void {
    this.child.stdin.write(`${line}\n`);
  }

  /** The address that a script says it listens at: it prints `ready host:port`. */
  async ready(): Promise<string> {
    const line = await this.line();
    if (line.startsWith('ready ')) return line.slice('ready '.length);
    throw new Error(`expected 'ready host:port' of the script, got '${line}'`);
  }

  /** All that the script prints until it ends, each line being JSON. */
  async results<T>(): Promise<readonly T[]> {
    const results: T[] = [];
    for (;;) {
      const next = await Promise.race([this.lines.next(), sleep(PATIENCE_MS, undefined, { ref: false })]);
      if (!next) throw new Error(`the script printed nothing: ${this.stderr}`);
      if (next.done) break;
      results.push(JSON.parse(next.value) as T);
    }
    if (results.length > 0) return results;
    throw new Error(`the script ended without a result: ${this.stderr}`);
  }

  /** Ends the script, whatever it is doing. */
  async stop(): Promise<void> {
    this.child.stdin.end();
    this.child.kill('SIGKILL');
    await this.ended;
  }
}

/** The SDK reads `MESH_…` and `mesh.…`: a test decides on each. */
function withoutMesh(env: NodeJS.ProcessEnv): Record<string, string | undefined> {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !/^mesh/i.test(name)));
}
