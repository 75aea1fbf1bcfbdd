/** Writes docs/reference/manifest.md from the schema of manifests. */
import { writeFileSync } from "node:fs";
import { expectation } from "../src/catalog/manifest-problems.ts";
import { manifestSchema } from "../src/catalog/manifest-schema.ts";
import type { KeySchema } from "../src/catalog/manifest-schema.ts";

const top = manifestSchema.properties ?? {};

/** A table of a schema's keys; without a column of defaults where none is to be stated. */
function keysOf(schema: KeySchema): string {
  const entries = Object.entries(schema.properties ?? {});
  const required = schema.required ?? [];
  const defaults = entries.map(([key, value]) => {
    return required.includes(key) ? "required" : (value.defaultText ?? "");
  });
  const hasDefaults = defaults.some((text) => text !== "");
  const line = (cells: readonly (string | undefined)[]): string => {
    const [key, value, fallback, meaning] = cells;
    return `| ${(hasDefaults ? [key, value, fallback, meaning] : [key, value, meaning]).join(" | ")} |`;
  };
  const rows = entries.map(([key, value], i) =>
    line([`\`${key}\``, expectation(value), defaults[i], value.description]),
  );
  return `${[line(["Key", "Value", "Default", "Meaning"]), line(["---", "---", "---", "---"]), ...rows].join("\n")}\n`;
}

function nested(key: string): string {
  const schema = top[key];
  if (schema === undefined) throw new Error(`bug: the schema has no key ${key}`);
  return keysOf(schema);
}

const page = `# Manifests

<!-- Generated from src/catalog/manifest-schema.ts by tools/docs-manifest.ts. Do not edit: run "make docs". -->

A model is a folder with a manifest, \`model.yaml\` (or \`model.yml\`, \`model.json\`). \`inferd serve --models DIR\` serves all folders
in DIR that have one; \`--model PATH\` serves one, named by its folder or its manifest. A bare \`.gguf\` file needs no manifest:
\`--model file.gguf\` names it after the file and takes the rest from its metadata. Embedding models need one, and an ONNX file.

\`\`\`yaml
name: my-model
task: generate
engine: llama
files:
  model: { path: model-Q4_K_M.gguf, sha256: 6a1f…c0de }
license: Apache-2.0
sampling: { temperature: 0.7, top_p: 0.9 }
limits: { context_length: 8192 }
\`\`\`

What is wrong in a manifest is said all at once, each with its line, and ends the start:

\`\`\`
my-model/model.yaml:7: sampling.temperature must be from 0 to 2, not 3
my-model/model.yaml:7: sampling.topp is not known; did you mean top_p?
\`\`\`

## Keys

${keysOf(manifestSchema)}
## files

Each key is a role: \`model\` is the weights. The onnx engine also knows \`tokenizer\`, \`tokenizer_config\`, \`config\`, \`modules\`,
\`pooling\`, \`sentence_bert_config\` and \`config_sentence_transformers\`. Those that the manifest does not name it finds where
sentence-transformers puts them ([models/README.md](../../models/README.md)). A path is relative to the manifest and stays within its
folder, links included; a file elsewhere is named by its absolute path. The value is a path, or:

${keysOf((top["files"]?.additionalProperties ?? {}) as KeySchema)}
A digest that is stated is checked while the model loads, and a model that differs fails. Weights without one are hashed in the
background, up to 1 GiB; larger ones have no digest in \`ListModels\` unless their manifest states it.

## sampling

What a call sets goes before these; what neither sets has the default that the [API](api.md) states.

${nested("sampling")}
## limits

${nested("limits")}`;

writeFileSync(new URL("../docs/reference/manifest.md", import.meta.url), page);
