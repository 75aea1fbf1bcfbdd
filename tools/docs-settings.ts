/** Writes docs/reference/settings.md from the table of settings. */
import { writeFileSync } from "node:fs";
import type { Setting } from "../src/config/setting.ts";
import { environmentName, fileKey, flagName, settings, valueText } from "../src/config/settings.ts";
import { elsewhereCell, sourcesOf } from "./elsewhere.ts";

const all: readonly (readonly [string, Setting])[] = Object.entries(settings);
const groups = [...new Set(all.map(([, { group }]) => group))];

function row([key, setting]: readonly [string, Setting]): string {
  const fallback = setting.defaultText ?? `\`${String(setting.default).replaceAll(",", ", ")}\``;
  // A bar would end the table's cell.
  const escaped = (text: string): string => text.replaceAll("|", "\\|");
  const flag = `\`${flagName(key)} ${escaped(valueText(setting))}\``;
  const names = `\`${environmentName(key)}\`<br>\`${fileKey(key)}\``;
  const elsewhere = elsewhereCell(setting.elsewhere);
  return `| ${flag} | ${names} | ${fallback} | ${setting.help} | ${elsewhere} |`;
}

function section(group: string): string {
  const rows = all.filter(([, setting]) => setting.group === group).map(row);
  const columns = "| Flag | Environment<br>File | Default | Meaning | Elsewhere |";
  return `## ${group}\n\n${columns}\n| --- | --- | --- | --- | --- |\n${rows.join("\n")}\n`;
}

const page = `# Settings

<!-- Generated from src/config/settings.ts by tools/docs-settings.ts. Do not edit: run "make docs". -->

Every setting of \`inferd serve\` can be given in three places. A flag takes precedence over the environment, the environment over
the file, and the file over the default. A wrong value, or a key that is not a setting, stops the start; one line of output names its
place.

\`--config\` or \`INFERD_CONFIG\` names the file. It is YAML; relative paths in it start at its folder:

\`\`\`yaml
models: ./models
model: [../llama.gguf, ./my-engine]
default_generation_model: llama
max_call_ms: 120000
log_format: json
\`\`\`

Settings of one model, such as its context length or its sampling defaults, are in its manifest ([manifest.md](manifest.md)), not here.

The last column names the same setting, or nearly the same, in other systems: ${sourcesOf(all.map(([, setting]) => setting))}.
gRPC's names are those of its channel arguments; C++ has constants for them, such as \`GRPC_ARG_KEEPALIVE_TIME_MS\` for
\`grpc.keepalive_time_ms\`.

${groups.map(section).join("\n")}`;

writeFileSync(new URL("../docs/reference/settings.md", import.meta.url), page);
