import { spawn } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import ts from 'typescript';
import { root } from '../support/dist.js';

/** A page of the documentation. */
export interface Page {
  /** Path from the root of the repository. */
  readonly path: string;
  readonly text: string;
}

/** A TypeScript block of a page. */
export interface Block {
  /** Page and line of its first line of code, for messages. */
  readonly at: string;
  readonly line: number;
  readonly page: string;
  /** The name after `// example:`; `undefined` when the block does not say. */
  readonly name: string | undefined;
  readonly code: string;
  readonly run: boolean;
  /** What it says it prints, from its `// prints:` comments. */
  readonly prints: readonly string[];
}

/** What came of running an example. */
export interface Ran {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const FENCE = /^```ts\b[^\n]*\n(?<code>.*?)^```/gms;

/** The TypeScript blocks of a page, in order. */
export function blocksOf(page: Page): readonly Block[] {
  return [...page.text.matchAll(FENCE)].map((match) => {
    const code = match.groups?.['code'] ?? '';
    const line = page.text.slice(0, match.index).split('\n').length + 1;
    const [first = '', second = ''] = code.split('\n');
    return {
      at: `${page.path}:${line}`,
      line,
      page: page.path,
      name: /^\/\/ example: ([\w.-]+\.ts)$/.exec(first)?.[1],
      code,
      run: second.trim() === '// run',
      prints: [...code.matchAll(/\/\/ prints: (.+)$/gm)].map(([, text = '']) => text.trim()),
    };
  });
}

/** Where the examples of all pages are written, one folder for each page. A folder named `dist` is ignored by every tool. */
export class Workshop {
  constructor(private readonly folder: string) {}

  /** Writes the examples, checks their types as one program and compiles them. Returns what is wrong, with page and line. */
  compile(blocks: readonly Block[]): readonly string[] {
    rmSync(this.folder, { recursive: true, force: true });
    const byFile = new Map(blocks.map((block) => [this.source(block), block]));
    for (const [file, { code }] of byFile) {
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, code);
    }
    const program = ts.createProgram([...byFile.keys()], compilerOptions());
    for (const file of byFile.keys()) program.emit(program.getSourceFile(file));
    return [...byFile].flatMap(([file, block]) => {
      const source = program.getSourceFile(file);
      return [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)].map((problem) =>
        describe(problem, block),
      );
    });
  }

  /** Runs a compiled example as a process of its own, on the built package. It has to end by itself. */
  run(block: Block, timeoutMs: number): Promise<Ran> {
    const file = this.source(block).replace(/\.ts$/, '.js');
    const child = spawn(process.execPath, [file], { cwd: root, stdio: ['ignore', 'pipe', 'pipe'], timeout: timeoutMs });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    return new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (exitCode) => resolve({ exitCode, stdout, stderr }));
    });
  }

  private source({ page, name = 'unnamed.ts' }: Block): string {
    return join(this.folder, basename(page, '.md').toLowerCase(), name);
  }
}

function compilerOptions(): ts.CompilerOptions {
  const file = join(root, 'tsconfig.json');
  const { config } = ts.readConfigFile(file, ts.sys.readFile) as { config: unknown };
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root);
  // An example may show a declaration that it does not use.
  return { ...options, noEmit: false, noUnusedLocals: false, noUnusedParameters: false };
}

function describe(problem: ts.Diagnostic, block: Block): string {
  const text = ts.flattenDiagnosticMessageText(problem.messageText, ' ');
  const line = problem.file?.getLineAndCharacterOfPosition(problem.start ?? 0).line ?? 0;
  return `${relative('.', block.page)}:${block.line + line} ${text}`;
}
