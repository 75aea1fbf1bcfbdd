/** Writes docs/reference/methods.md from the table of methods. */
import { writeFileSync } from "node:fs";
import { readDescriptors } from "../src/contract/descriptors.ts";
import { type Method, methods, type Need } from "../src/contract/methods.ts";
import { serviceOf, serviceTasks } from "../src/contract/tasks.ts";

const { registry } = readDescriptors();

const kinds = {
  unary: "unary",
  server_streaming: "server stream",
  client_streaming: "client stream",
  bidi_streaming: "both stream",
} as const;

function kindOf(name: string): string {
  const service = registry.getService(serviceOf(name));
  const method = service?.methods.find((each) => name === `${service.typeName}/${each.name}`);
  if (method === undefined) throw new Error(`no descriptor for ${name}`);
  return kinds[method.methodKind];
}

function scopeOf(needs: Need): string {
  if (needs === "open") return "none";
  return needs === "reflection" ? "`server.read`, or as `--reflection` says" : `\`${needs}\``;
}

function row([name, { needs, isEndless }]: readonly [string, Method]): string {
  const tasks = serviceTasks.get(serviceOf(name)) ?? [];
  const model = tasks.length > 1 ? "any task" : tasks.map((task) => `task \`${task}\``).join("");
  const limit = isEndless ? "none" : "`--max-call-ms`";
  return `| \`${name}\` | ${kindOf(name)} | ${scopeOf(needs)} | ${model} | ${limit} |`;
}

const page = `# Methods

<!-- Generated from src/contract/methods.ts by tools/docs-methods.ts. Do not edit: run "make docs". -->

Every method that the server has. A method that is not in this table cannot be called.

Scope is what a key, token or client certificate must allow, where the server asks for credentials. Model is what a call needs:
a model of that task. Its requests and responses are in [api.md](api.md).

| Method | Kind | Scope | Model | Longest call |
| --- | --- | --- | --- | --- |
${Array.from(methods, row).join("\n")}
`;

writeFileSync(new URL("../docs/reference/methods.md", import.meta.url), page);
