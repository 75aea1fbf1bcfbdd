/**
 * The contents of a manifest, once, as a JSON Schema: the check, its messages and docs/reference/manifest.md come from
 * here.
 */
import { taskNames } from "../engines/tasks.ts";

/** Schema of one key: the part of JSON Schema that manifests need. */
export interface KeySchema {
  readonly type:
    | "string"
    | "number"
    | "integer"
    | "boolean"
    | "array"
    | "object"
    | readonly ["string", "object"];
  readonly description: string;
  /** Description of valid values, if type and range are not enough. */
  readonly says?: string;
  /** The default, as documents state it. */
  readonly defaultText?: string;
  readonly enum?: readonly string[];
  readonly pattern?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly exclusiveMinimum?: number;
  readonly maximum?: number;
  readonly maxItems?: number;
  readonly items?: KeySchema;
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, KeySchema>>;
  readonly additionalProperties?: false | KeySchema;
}

const whole = (minimum: number, maximum: number, description: string): KeySchema => {
  return { type: "integer", minimum, maximum, description };
};

const decimal = (minimum: number, maximum: number, description: string): KeySchema => {
  return { type: "number", minimum, maximum, description };
};

const above = (exclusiveMinimum: number, maximum: number, description: string): KeySchema => {
  return { type: "number", exclusiveMinimum, maximum, description };
};

const text = (maxLength: number, description: string): KeySchema => {
  return {
    type: "string",
    maxLength,
    description,
    says: `text of at most ${maxLength} characters`,
  };
};

const path = (description: string): KeySchema => {
  return { type: "string", minLength: 1, maxLength: 4096, description, says: "a path" };
};

const million = 1_000_000;

/** Ranges are those of proto/inferd/v1/types.proto, which defines the fields. */
const sampling: KeySchema = {
  type: "object",
  description: "Defaults of generation calls that do not set them.",
  additionalProperties: false,
  properties: {
    temperature: decimal(0, 2, "Randomness; 0 always takes the likeliest token."),
    top_k: whole(0, million, "Likeliest tokens to keep; 0 keeps all."),
    top_p: above(0, 1, "Keeps the likeliest tokens whose probabilities sum to this."),
    min_p: decimal(0, 1, "Drops tokens less likely than this part of the likeliest one."),
    typical_p: above(0, 1, "Keeps tokens of typical information up to this probability."),
    repetition_penalty: above(0, 10, "Divides the logits of recent tokens; 1 does nothing."),
    presence_penalty: decimal(-2, 2, "Lowers the logits of recent tokens, once."),
    frequency_penalty: decimal(-2, 2, "Lowers the logits of recent tokens, each time seen."),
    penalty_last_n: whole(0, million, "How many tokens the penalties look back."),
    seed: whole(
      0,
      Number.MAX_SAFE_INTEGER,
      "Makes completions repeatable; a random one by default.",
    ),
    max_tokens: whole(1, million, "Most tokens of a completion."),
    min_tokens: whole(0, million, "Fewest tokens before the model may end."),
    ignore_eos: { type: "boolean", description: "Goes on past the model's end token." },
    stop: {
      type: "array",
      maxItems: 16,
      items: {
        type: "string",
        minLength: 1,
        maxLength: 256,
        description: "A text.",
        says: "a text",
      },
      says: "a list of at most 16 texts of 1 to 256 characters",
      description: "Texts that end a completion; a call's own replace them.",
    },
  },
};

const limits: KeySchema = {
  type: "object",
  description: "Bounds of one model.",
  additionalProperties: false,
  properties: {
    context_length: {
      ...whole(1, 16 * million, "Tokens of one sequence, prompt and completion together."),
      defaultText:
        "the model's own; for llama, at most what its KV memory gives each sequence (an eighth of the machine's or the container's memory, at least 1 GiB), but 4096",
    },
    max_sequences: {
      ...whole(
        1,
        4096,
        "Jobs that a worker computes at once, at most; llama has fewer where not so many contexts fit its KV memory.",
      ),
      defaultText: "the engine's choice; 16 for llama",
    },
    max_queued_jobs: {
      ...whole(0, million, "Jobs that may wait for the model; past it, calls are refused."),
      defaultText: "`--max-queued-jobs`",
    },
    max_queued_tokens: {
      ...whole(0, 1000 * million, "Tokens of the jobs that may wait; past it, calls are refused."),
      defaultText: "`--max-queued-tokens`",
    },
    max_tokens: {
      ...whole(
        1,
        million,
        "Most tokens of one completion; a call that asks for more gets at most so many.",
      ),
      defaultText: "`--max-tokens`",
    },
  },
};

const files: KeySchema = {
  type: "object",
  description: "The model's files, by role.",
  properties: {},
  additionalProperties: {
    type: ["string", "object"],
    description:
      "A path, relative to the manifest; inside its folder, or a blob of the Hugging Face repository of which that folder is a snapshot, unless it is absolute.",
    says: "a path, or a path and its sha256",
    minLength: 1,
    maxLength: 4096,
    required: ["path"],
    additionalProperties: false,
    properties: {
      path: path("As above."),
      sha256: {
        type: "string",
        pattern: "^[0-9a-fA-F]{64}$",
        says: "64 hexadecimal digits",
        description:
          "The file's SHA-256; a file that differs is not loaded, at no start of a worker.",
      },
    },
  },
};

export const manifestSchema: KeySchema = {
  type: "object",
  description: "A model.",
  required: ["name", "task", "engine"],
  additionalProperties: false,
  properties: {
    name: {
      type: "string",
      pattern: "^[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*)*$",
      maxLength: 128,
      says: "1 to 128 letters, digits, dots, dashes and underscores, in parts that begin with a letter or digit, with slashes between them",
      description: "What calls name it by.",
    },
    version: text(64, "Any text that tells its versions apart; quote what looks like a number."),
    task: { type: "string", enum: taskNames, description: "What it does." },
    engine: {
      type: "string",
      pattern: "^(llama|onnx|scripted|\\.{1,2}/.+|/.+)$",
      says: "llama, onnx, or a module's path that begins with ./ or /",
      description: "What computes it: `llama`, `onnx`, or your own module.",
    },
    files,
    license: text(128, "Its weights' licence, as an SPDX expression where one exists."),
    description: text(1000, "One sentence for people."),
    sampling,
    chat_template: {
      ...text(100_000, "A Jinja chat template."),
      defaultText: "the model's own",
    },
    chat_template_file: path("A file with that template."),
    limits,
    replicas: { ...whole(1, 64, "Worker processes."), defaultText: "1" },
    threads: {
      ...whole(1, 4096, "Most threads of a worker; busy models share the cores."),
      defaultText: "all cores",
    },
    options: {
      type: "object",
      description:
        "The engine's own settings. llama: `library`, `kv_cells` (KV cells of all sequences together, one a token), `kv_unified` (whether sequences share them: more fit, and each token takes longer the more the others hold; false by default), `batch_tokens`, `gpu_layers`, `prefix_reuse` (whether a prompt goes on from an earlier one that began alike; true by default), `prefix_memory_mib` (host memory that remembers prefixes, in MiB; by default twice the KV memory, and at most an eighth of the machine's or the container's; 0 for none), `prefill_share` (the part of the time that prompts may have while streams run, 0.05 to 0.95; 0.37 by default); onnx, each before the model's own: `pooling` (cls, max, mean, mean_sqrt_len, weighted_mean or last, or a list of them for one after the other), `output` (the graph's output to take), `normalize` (whether vectors are scaled where a call does not say), `batch` (`auto`: texts share batches where that changes no vector; `always`; `never`).",
    },
  },
};
