import { execFile } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import ts from 'typescript';
import { root } from '../support/dist.js';

const run = promisify(execFile);
const modules = join(root, 'node_modules');

/** What of package.json the tests of the package look at. */
export interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly exports: Readonly<Record<string, string | { readonly types: string; readonly default: string }>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies: Readonly<Record<string, string>>;
  readonly peerDependenciesMeta?: Readonly<Record<string, { readonly optional?: boolean }>>;
}

/** package.json of the repository. */
export const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Manifest;

/** Peers that every application has; the others are optional. */
export const requiredPeers = Object.keys(manifest.peerDependencies).filter(
  (name) => manifest.peerDependenciesMeta?.[name]?.optional !== true,
);

/** How a TypeScript application finds modules; each is a compiler setting in use. */
export const compilers = {
  node16: { module: ts.ModuleKind.Node16, moduleResolution: ts.ModuleResolutionKind.Node16 },
  nodenext: { module: ts.ModuleKind.NodeNext, moduleResolution: ts.ModuleResolutionKind.NodeNext },
  bundler: { module: ts.ModuleKind.ESNext, moduleResolution: ts.ModuleResolutionKind.Bundler },
} satisfies Record<string, ts.CompilerOptions>;

/** The package as `npm pack` makes it, and an application outside the repository to install it in. */
export class Installation {
  readonly folder = mkdtempSync(join(tmpdir(), 'mesh-package-'));
  readonly app = join(this.folder, 'app');
  private tarballName = '';

  get tarball(): Uint8Array<ArrayBuffer> {
    return new Uint8Array(readFileSync(join(this.folder, this.tarballName)));
  }

  /** Packs what `npm run build` has built. Returns the paths in the package. */
  async pack(): Promise<readonly string[]> {
    const args = ['pack', '--json', '--ignore-scripts', '--pack-destination', this.folder];
    const { stdout } = await run('npm', args, { cwd: root });
    const answer: unknown = JSON.parse(stdout);
    // npm 10 answers with a list, later ones with an object by name.
    const [packed] = Object.values(answer as Record<string, { filename: string; files: { path: string }[] }>);
    if (packed === undefined) throw new Error(`npm pack answered: ${stdout}`);
    this.tarballName = packed.filename;
    return packed.files.map(({ path }) => path);
  }

  /** Installs the tarball and the peers that every application has, in the versions that the repository uses. */
  async install(): Promise<void> {
    mkdirSync(this.app);
    const dependencies = {
      [manifest.name]: `file:../${this.tarballName}`,
      ...Object.fromEntries(requiredPeers.map((name) => [name, installedVersion(name)])),
    };
    writeFileSync(join(this.app, 'package.json'), JSON.stringify({ name: 'app', private: true, dependencies }));
    const args = ['install', '--prefer-offline', '--no-audit', '--no-fund', '--ignore-scripts'];
    await run('npm', args, { cwd: this.app, timeout: 120_000 });
  }

  /** Runs code in the application, as an ES module or as CommonJS. Returns what it prints. */
  async node(...args: readonly string[]): Promise<string> {
    const { stdout } = await run(process.execPath, [...args], { cwd: this.app, timeout: 30_000 });
    return stdout;
  }

  /** Runs a command that the package brings, as npx does. */
  command(name: string, ...args: readonly string[]): Promise<{ exitCode: number; output: string }> {
    const file = join(this.app, 'node_modules/.bin', name);
    return new Promise((resolve) => {
      execFile(file, [...args], { cwd: this.app, timeout: 60_000 }, (error, stdout, stderr) => {
        resolve({ exitCode: typeof error?.code === 'number' ? error.code : error ? -1 : 0, output: stdout + stderr });
      });
    });
  }

  /**
   * Compiles test/package/app/main.ts in the application, under another name: its extension says which kind of module it is.
   * Returns what the compiler says about it and about the types of this package, and about nobody else's.
   */
  compile(name: string, compiler: ts.CompilerOptions): readonly string[] {
    const file = join(this.app, name);
    copyFileSync(join(root, 'test/package/app/main.ts'), file);
    const program = ts.createProgram([file], {
      target: ts.ScriptTarget.ES2023,
      strict: true,
      skipLibCheck: false,
      experimentalDecorators: true,
      emitDecoratorMetadata: true,
      typeRoots: [join(modules, '@types')],
      types: ['node'],
      ...compiler,
    });
    program.emit(program.getSourceFile(file));
    return program
      .getSourceFiles()
      .filter(({ fileName }) => ours(fileName, this.app))
      .flatMap((source) => [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)])
      .map((problem) => `${problem.file?.fileName}: ${ts.flattenDiagnosticMessageText(problem.messageText, ' ')}`);
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

function ours(file: string, app: string): boolean {
  return !file.includes('/node_modules/') || file.startsWith(join(app, 'node_modules', manifest.name, '/'));
}

function installedVersion(name: string): string {
  const { version } = createRequire(import.meta.url)(join(modules, name, 'package.json')) as { version: string };
  return version;
}
