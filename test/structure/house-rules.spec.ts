import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';

/** What the linter has no rule for. Each rule looks at one node and says what is wrong with it, or nothing. */
type Rule = (node: ts.Node, source: ts.SourceFile) => string | undefined;

const rules: Readonly<Record<string, { readonly check: Rule; readonly offence: string }>> = {
  'no state at module level': {
    check: (node) =>
      ts.isVariableStatement(node) && ts.isSourceFile(node.parent) && !(node.declarationList.flags & ts.NodeFlags.Const)
        ? 'a variable at module level is shared by every application in the process'
        : undefined,
    offence: 'let counter = 0;',
  },
  'no boolean parameters': {
    check: (node) =>
      ts.isParameter(node) && node.type?.kind === ts.SyntaxKind.BooleanKeyword && takesArguments(node.parent)
        ? `parameter '${node.name.getText()}': a call f(true) does not say what is true`
        : undefined,
    offence: 'export function close(force: boolean): void {}',
  },
  'no casts through unknown': {
    check: (node) =>
      ts.isAsExpression(node) &&
      ts.isAsExpression(node.expression) &&
      node.expression.type.kind === ts.SyntaxKind.UnknownKeyword
        ? 'a cast through unknown hides every mistake'
        : undefined,
    offence: 'export const port = "7304" as unknown as number;',
  },
  'every exported name is documented': {
    check: (node) =>
      isNamedDeclaration(node) && isExported(node) && !isDocumented(node) ? 'no doc comment' : undefined,
    offence: 'export const port = 7304;',
  },
  'a file ends after 400 lines': {
    check: (node, source) => {
      const lines = source.getLineAndCharacterOfPosition(source.end).line;
      return ts.isSourceFile(node) && lines > 400 ? `${lines} lines` : undefined;
    },
    offence: '\n'.repeat(401),
  },
  'no export of everything': {
    check: (node) =>
      ts.isExportDeclaration(node) && node.exportClause === undefined
        ? 'name what is exported: what is public is decided once, not by accident'
        : undefined,
    offence: `export * from './urn.js';`,
  },
};

/** A predicate's or setter's declaration is called with what it declares; types alone are not. */
function takesArguments(node: ts.Node): boolean {
  return (
    ts.isFunctionLike(node) && !ts.isSetAccessor(node) && !ts.isFunctionTypeNode(node) && !ts.isArrowFunction(node)
  );
}

function isNamedDeclaration(node: ts.Node): node is ts.DeclarationStatement | ts.VariableStatement {
  return (
    ts.isClassDeclaration(node) ||
    ts.isFunctionDeclaration(node) ||
    ts.isInterfaceDeclaration(node) ||
    ts.isTypeAliasDeclaration(node) ||
    ts.isEnumDeclaration(node) ||
    ts.isVariableStatement(node)
  );
}

function isExported(node: ts.Node): boolean {
  const modifiers = ts.canHaveModifiers(node) ? ts.getModifiers(node) : [];
  return modifiers?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword) ?? false;
}

/** The first of several overloads speaks for all of them, and for the implementation. */
function isDocumented(node: ts.DeclarationStatement | ts.VariableStatement): boolean {
  if (ts.getJSDocCommentsAndTags(node).length > 0) return true;
  if (!ts.isFunctionDeclaration(node)) return false;
  const overloads = node.parent.getChildren()[0]?.getChildren() ?? [];
  return overloads.some(
    (other) =>
      ts.isFunctionDeclaration(other) &&
      other !== node &&
      other.name?.text === node.name?.text &&
      ts.getJSDocCommentsAndTags(other).length > 0,
  );
}

function offences(check: Rule, path: string, text: string): readonly string[] {
  const source = ts.createSourceFile(path, text, ts.ScriptTarget.ES2023, true);
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    const wrong = check(node, source);
    const { line } = source.getLineAndCharacterOfPosition(node.getStart(source));
    if (wrong !== undefined) found.push(`${path}:${line + 1} ${wrong}`);
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

const lib = fileURLToPath(new URL('../../lib', import.meta.url));
const files = readdirSync(lib, { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.ts'))
  .map((path) => ({ path: `lib/${path}`, text: readFileSync(join(lib, path), 'utf8') }));

describe.each(Object.entries(rules))('%s', (_, { check, offence }) => {
  it('holds in lib', () => {
    expect(files.length).toBeGreaterThan(15);
    expect(files.flatMap(({ path, text }) => offences(check, path, text))).toEqual([]);
  });

  it('is noticed when broken', () => {
    expect(offences(check, 'lib/offence.ts', offence)).toHaveLength(1);
  });
});
