import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** What the compiler says about one file, with the settings of the project. */
function diagnose(file: string, change: (text: string) => string = (text) => text): readonly string[] {
  const path = fileURLToPath(new URL(file, import.meta.url));
  const { config } = ts.readConfigFile(`${root}/tsconfig.json`, (name) => ts.sys.readFile(name));
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root);
  const host = ts.createCompilerHost(options);
  const read = host.getSourceFile.bind(host);
  host.getSourceFile = (name, ...rest) =>
    name === path ? ts.createSourceFile(name, change(host.readFile(name) ?? ''), rest[0]) : read(name, ...rest);
  const program = ts.createProgram([path], options, host);
  const source = program.getSourceFile(path);
  const found = [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)];
  return found.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'));
}

describe('the compiler checks facades', () => {
  it('accepts what fits, and refuses each misfit', () => {
    expect(diagnose('./facade.fixture.ts')).toEqual([]);
  });

  it('says what does not fit', () => {
    const withoutDirectives = (text: string) => text.replaceAll('@ts-expect-error', '');
    const told = diagnose('./facade.fixture.ts', withoutDirectives).join('\n');
    expect(told).toContain('the arguments named in @Mpi do not fit the parameters of the method');
    expect(told).toContain('the method must return a Promise, or an Observable when { observable: true } is given');
    expect(told).toContain('a property with @Mpi must be a function');
  });
});
