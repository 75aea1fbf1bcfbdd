/** Writes docs/reference/http.md from the routes. */
import { writeFileSync } from "node:fs";
import { openAiRoutes } from "../src/http/openai/index.ts";
import { becomes } from "../src/http/openapi.ts";
import { ownRoutes } from "../src/http/own-routes.ts";
import type { Route } from "../src/http/route.ts";
import type { ServiceHandlers } from "../src/services/handlers.ts";

// Nothing is called: the routes only hold their handlers.
const services = [
  ...["generation", "embedding", "rerank", "classification", "tokenization", "model", "server"],
];
const none = Object.fromEntries(services.map((name) => [name, {}])) as unknown as ServiceHandlers;
const routes = openAiRoutes(none, { startedAtMs: 0, now: () => 0 });
const all = [...routes, ...ownRoutes(routes, { version: "", isReady: () => true })];

const cell = (text: string): string => text.replaceAll("|", "\\|");

function section({ method, path, summary, rpc, parameters = {} }: Route): string {
  const rows = Object.entries(parameters).map(([name, one]) => {
    const isRequired = "required" in one && one.required;
    return `| \`${name}\` | ${isRequired ? "required" : ""} | ${cell(becomes(one))} |`;
  });
  const table =
    rows.length === 0
      ? ""
      : `\n| Parameter |  | Becomes |\n| --- | --- | --- |\n${rows.join("\n")}\n`;
  return `## ${method} ${path}\n\n${summary} Answered by \`${rpc}\`.\n${table}`;
}

const page = `# HTTP

<!-- Generated from the tables in src/http/ by tools/docs-http.ts. Do not edit: run "make docs". -->

Every path that the port answers over HTTP/1.1, and what becomes of each parameter. A parameter that is not in a table is refused by its name.
[HTTP](../http.md) is the guide.

${all.map(section).join("\n")}`;

writeFileSync(new URL("../docs/reference/http.md", import.meta.url), page);
