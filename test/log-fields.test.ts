import { readdirSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import { expect, it } from "vitest";
import { logFields } from "../src/base/log-fields.ts";

interface Logged {
  readonly names: Set<string>;
  /** Calls whose fields only run time knows. */
  readonly unknown: string[];
}

/** The fields that the sources log, by the types of what they hand to a log. */
function loggedIn(files: readonly string[]): Logged {
  const { config } = ts.readConfigFile("tsconfig.json", (path) => ts.sys.readFile(path)) as {
    readonly config: { readonly compilerOptions: unknown };
  };
  const { options } = ts.convertCompilerOptionsFromJson(config.compilerOptions, ".");
  const program = ts.createProgram(files, options);
  const checker = program.getTypeChecker();
  const logged: Logged = { names: new Set(), unknown: [] };

  const isLog = (callee: ts.Expression): boolean => {
    if (checker.getTypeAtLocation(callee).aliasSymbol?.name === "WriteLine") return true;
    if (!ts.isPropertyAccessExpression(callee) || callee.name.text !== "child") return false;
    return checker.getTypeAtLocation(callee.expression).symbol.name.endsWith("Log");
  };
  const note = (type: ts.Type, where: string): void => {
    if (type.isUnion()) for (const one of type.types) note(one, where);
    else if (type.flags & ts.TypeFlags.Any || checker.getIndexInfosOfType(type).length > 0)
      logged.unknown.push(where);
    else for (const { name } of type.getProperties()) logged.names.add(name);
  };
  const visit = (node: ts.Node): void => {
    ts.forEachChild(node, visit);
    if (!ts.isCallExpression(node) || !isLog(node.expression)) return;
    const [fields] = node.arguments;
    if (fields === undefined) return;
    const { fileName } = node.getSourceFile();
    note(checker.getTypeAtLocation(fields), `${fileName}: ${fields.getText()}`);
  };
  for (const file of files) {
    const source = program.getSourceFile(file);
    if (source !== undefined) visit(source);
  }
  return logged;
}

const log = join("src", "base", "log.ts");
const sources = readdirSync("src", { recursive: true, encoding: "utf8" })
  .filter((entry) => entry.endsWith(".ts"))
  .map((entry) => join("src", entry))
  .filter((file) => file !== log);

/** What pino writes to each line. */
const pinos = ["level", "time", "msg"];

it("documents every field that is logged, once, and no others", { timeout: 60_000 }, () => {
  const { names, unknown } = loggedIn(sources);
  expect(unknown).toEqual([]);
  const documented = Object.values(logFields).flatMap((fields) => Object.keys(fields));
  expect(documented.toSorted()).toEqual([...pinos, ...names].sort());
});
