/** Measures source code by TypeScript's own parser: files, functions and exports. */
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";

export interface CodeSize {
  /** Lines of each file. */
  readonly files: readonly number[];
  /** Lines of each function, method and accessor that has a name. */
  readonly functions: readonly number[];
  /** Names that a file exports. */
  readonly exports: number;
}

export function codeSize(folder: string, pattern: string): CodeSize {
  const sources = globSync(pattern, { cwd: folder }).map((path) =>
    ts.createSourceFile(
      path,
      readFileSync(join(folder, path), "utf8"),
      ts.ScriptTarget.Latest,
      true,
    ),
  );
  return {
    files: sources.map((source) => source.text.split("\n").length - 1),
    functions: sources.flatMap((source) => functionsIn(source).map(linesOf)),
    exports: sources.flatMap(exportsOf).length,
  };
}

function functionsIn(node: ts.Node): readonly ts.Node[] {
  const inside: ts.Node[] = [];
  ts.forEachChild(node, (child) => void inside.push(...functionsIn(child)));
  return isNamedFunction(node) ? [node, ...inside] : inside;
}

function isNamedFunction(node: ts.Node): boolean {
  if (ts.isArrowFunction(node) || ts.isFunctionExpression(node)) {
    const { parent } = node;
    return (
      ts.isVariableDeclaration(parent) ||
      ts.isPropertyAssignment(parent) ||
      ts.isPropertyDeclaration(parent)
    );
  }
  // A declaration without a body is a type's, not a function.
  return ts.isFunctionLike(node) && "body" in node && node.body !== undefined;
}

function linesOf(node: ts.Node): number {
  const source = node.getSourceFile();
  const lineOf = (position: number): number => source.getLineAndCharacterOfPosition(position).line;
  return lineOf(node.end) - lineOf(node.getStart(source)) + 1;
}

function exportsOf(source: ts.SourceFile): readonly ts.Node[] {
  return source.statements.flatMap((statement): readonly ts.Node[] => {
    if (ts.isExportDeclaration(statement)) {
      const { exportClause } = statement;
      return exportClause !== undefined && ts.isNamedExports(exportClause)
        ? exportClause.elements
        : [statement];
    }
    const isExported =
      ts.canHaveModifiers(statement) &&
      ts.getModifiers(statement)?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword) === true;
    if (!isExported) return [];
    return ts.isVariableStatement(statement) ? statement.declarationList.declarations : [statement];
  });
}
