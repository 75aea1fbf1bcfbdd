/** Writes docs/reference/settings.md from the table of settings. */
import { writeFileSync } from "node:fs";
import type { Setting } from "../src/config/setting.ts";
import { environmentName, fileKey, flagName, settings, valueText } from "../src/config/settings.ts";

const all: readonly (readonly [string, Setting])[] = Object.entries(settings);
const groups = [...new Set(all.map(([, { group }]) => group))];

function row([key, setting]: readonly [string, Setting]): string {
  const fallback = setting.defaultText ?? `\`${String(setting.default).replaceAll(",", ", ")}\``;
  // A bar would end the table's cell.
  const escaped = (text: string): string => text.replaceAll("|", "\\|");
  const flag = `\`${flagName(key)} ${escaped(valueText(setting))}\``;
  const names = `\`${environmentName(key)}\`<br>\`${fileKey(key)}\``;
  return `| ${flag} | ${names} | ${fallback} | ${setting.help} |`;
}

function section(group: string): string {
  const rows = all.filter(([, setting]) => setting.group === group).map(row);
  const header = "| Flag | Environment<br>File | Default | Meaning |\n| --- | --- | --- | --- |";
  return `## ${group}\n\n${header}\n${rows.join("\n")}\n`;
}

const page = `# Settings

<!-- Generated from src/config/settings.ts by tools/docs-settings.ts. Do not edit: run "make docs". -->

Every setting of \`inferd serve\` can be given in three places. A flag comes before the environment, the environment before the
file, the file before the default. A value that is wrong, and a key that no setting has, ends the start with one line that says where
it was given.

The file is named by \`--config\` or \`INFERD_CONFIG\`. It is YAML; its relative paths start at its own folder:

\`\`\`yaml
models: ./models
model: [../llama.gguf, ./my-engine]
default_generation_model: llama
max_call_ms: 120000
log_format: json
\`\`\`

What belongs to one model, such as its context length or its sampling defaults, is in the model's manifest ([manifest.md](manifest.md)), not here.

${groups.map(section).join("\n")}`;

writeFileSync(new URL("../docs/reference/settings.md", import.meta.url), page);
