/** Writes docs/reference/log.md from the table of the log's fields. */
import { writeFileSync } from "node:fs";
import { type LogField, logFields } from "../src/base/log-fields.ts";
import { elsewhereCell, sourcesOf } from "./elsewhere.ts";

const groups: readonly (readonly [string, Readonly<Record<string, LogField>>])[] =
  Object.entries(logFields);

function section([title, fields]: (typeof groups)[number]): string {
  const rows = Object.entries(fields).map(([name, { meaning, unit = "", elsewhere }]) => {
    return `| \`${name}\` | ${meaning} | ${unit} | ${elsewhereCell(elsewhere)} |`;
  });
  const columns = "| Field | Meaning | Unit | Elsewhere |\n| --- | --- | --- | --- |";
  return `## ${title}\n\n${columns}\n${rows.join("\n")}\n`;
}

const sources = sourcesOf(
  groups.flatMap(([, fields]) => Object.values(fields)),
  {
    Envoy: "https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_conn_man/headers",
    vLLM: "https://github.com/vllm-project/vllm/tree/main/vllm/tracing",
  },
);

const page = `# Log

<!-- Generated from src/base/log-fields.ts by tools/docs-log.ts. Do not edit: run "make docs". -->

The log goes to standard error. With \`--log-format json\` each line is a JSON object with these fields; with \`pretty\` they follow the
message as \`name=value\`. A line has the fields that apply to it. [run.md](../run.md) describes the lines of calls,
and [security.md](../security.md) the audit lines. No field holds a prompt, a completion, a key or a token. New fields may be added.

The last column names the same field, or nearly the same, in other systems: ${sources}. Names such as \`TraceId\` are those of OpenTelemetry's
[log data model](https://opentelemetry.io/docs/specs/otel/logs/data-model/); those that begin with \`gen_ai.\` are its
[conventions for generative AI](https://github.com/open-telemetry/semantic-conventions-genai).

${groups.map(section).join("\n")}`;

writeFileSync(new URL("../docs/reference/log.md", import.meta.url), page);
