/** Writes docs/reference/manifest.md from the schema of manifests. */
import { writeFileSync } from "node:fs";
import { expectation } from "../src/catalog/manifest-problems.ts";
import { manifestSchema } from "../src/catalog/manifest-schema.ts";
import type { KeySchema } from "../src/catalog/manifest-schema.ts";
import { elsewhereCell } from "./elsewhere.ts";

const top = manifestSchema.properties ?? {};

/** A table of a schema's keys, without the columns that no key fills. */
function keysOf(schema: KeySchema): string {
  const required = schema.required ?? [];
  const rows = Object.entries(schema.properties ?? {}).map(([key, value]) => [
    `\`${key}\``,
    expectation(value),
    required.includes(key) ? "required" : (value.defaultText ?? ""),
    value.description,
    elsewhereCell(value.elsewhere),
  ]);
  const columns = ["Key", "Value", "Default", "Meaning", "Elsewhere"];
  const isFilled = columns.map((_, column) => rows.some((row) => row[column] !== ""));
  const line = (cells: readonly string[]): string =>
    `| ${cells.filter((_, column) => isFilled[column]).join(" | ")} |`;
  return `${[columns, columns.map(() => "---"), ...rows].map(line).join("\n")}\n`;
}

function nested(key: string): string {
  const schema = top[key];
  if (schema === undefined) throw new Error(`bug: the schema has no key ${key}`);
  return keysOf(schema);
}

const page = `# Manifests

<!-- Generated from src/catalog/manifest-schema.ts by tools/docs-manifest.ts. Do not edit: run "make docs". -->

A model is a folder with a manifest, \`model.yaml\` (or \`model.yml\`, \`model.json\`). \`inferd serve --models DIR\` serves all folders
in DIR that have one. \`inferd serve PATH\` serves one, named by its folder or its manifest. A bare \`.gguf\` or \`.py\` file needs no manifest:
it is named after the file, and the rest is the model's own.

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

All problems of a manifest are reported at once, each with its line, and stop the start:

\`\`\`
my-model/model.yaml:7: sampling.temperature must be from 0 to 2, not 3
my-model/model.yaml:7: sampling.topp is not known; did you mean top_p?
\`\`\`

## Keys

${keysOf(manifestSchema)}
## files

Each key is a role: \`model\` is the weights. The onnx engine also knows \`tokenizer\`, \`tokenizer_config\`, \`config\`, \`modules\`,
\`pooling\`, \`sentence_bert_config\` and \`config_sentence_transformers\`. Files that the manifest does not name are expected where
sentence-transformers puts them ([models/README.md](../../models/README.md)). The value is a path, or:

${keysOf((top["files"]?.additionalProperties ?? {}) as KeySchema)}
A stated digest is checked while the model loads, and a model that differs fails. Weights without a stated digest are hashed in the
background, up to 1 GiB. Larger ones have no digest in \`ListModels\`.

## sampling

Values of a call take precedence. A field that neither sets has the default that the [API](api.md) states.

${nested("sampling")}
## limits

${nested("limits")}
## options

Settings of the engine. The engine checks them when the model loads. A custom engine gets its own.

llama:

| Option | Default | Meaning | Elsewhere |
| --- | --- | --- | --- |
| \`library\` | \`--llama-library\` | Folder with another build of libllama. |  |
| \`kv_cells\` | by memory | KV cells of all sequences together, one per token. | llama-server \`--ctx-size\` |
| \`kv_unified\` | false | Whether all sequences share the cells. More sequences fit then, but each token takes longer, the more the others hold. | llama-server \`--kv-unified\` |
| \`batch_tokens\` | 512 | Maximum tokens of one step. | vLLM \`--max-num-batched-tokens\`<br>llama-server \`--batch-size\` |
| \`gpu_layers\` | all | Layers on a GPU, with a build that has one. | llama-server \`--gpu-layers\` |
| \`prefix_reuse\` | true | Whether a prompt reuses the prefix of an earlier one. | vLLM \`--enable-prefix-caching\`<br>llama-server \`--cache-prompt\` |
| \`prefix_memory_mib\` | twice the KV memory, at most an eighth of the machine's or the container's memory | Host memory for prefixes, in MiB. 0 for none. | llama-server \`--cache-ram\` |
| \`pooling\` | the file's | How the vectors of a text's tokens become one: \`mean\`, \`cls\` or \`last\`; \`rank\` makes them scores. A model that generates then gives vectors instead. | llama-server \`--pooling\` |
| \`rerank\` | none | \`cosine\`: a model that embeds ranks too, by the cosine of the query's vector and the document's. |  |
| \`prefill_share\` | 0.37 | Share of the time that prompts may take while other sequences generate, 0.05 to 0.95. |  |

onnx; each option takes precedence over the model's files:

| Option | Default | Meaning | Elsewhere |
| --- | --- | --- | --- |
| \`pooling\` | the model's | \`cls\`, \`max\`, \`mean\`, \`mean_sqrt_len\`, \`weighted_mean\` or \`last\`, or a list of them to concatenate. | text-embeddings-inference \`--pooling\` |
| \`output\` | by name | Output of the graph to use. |  |
| \`normalize\` | the model's | Whether vectors are scaled to length 1 in calls that do not set it. |  |
| \`batch\` | \`auto\` | \`auto\`: texts share batches if that changes no vector. \`always\`. \`never\`. |  |
| \`rerank\` | none | \`cosine\`: a model that embeds ranks too, by the cosine of the query's vector and the document's. |  |
`;

writeFileSync(new URL("../docs/reference/manifest.md", import.meta.url), page);
