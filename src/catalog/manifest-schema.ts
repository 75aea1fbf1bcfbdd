/**
 * The contents of a manifest, once, as a JSON Schema: the check, its messages and docs/reference/manifest.md come from
 * here.
 */
import type { Elsewhere } from "../base/elsewhere.ts";
import { formats } from "../engines/chat-format/index.ts";
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
  readonly elsewhere?: Elsewhere;
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
  description: "Sampling defaults for generation calls that do not set them.",
  additionalProperties: false,
  properties: {
    temperature: decimal(0, 2, "Randomness. 0 always takes the likeliest token."),
    top_k: whole(0, million, "Number of likeliest tokens to keep. 0 keeps all."),
    top_p: above(0, 1, "Keeps the likeliest tokens whose probabilities sum to this value."),
    min_p: decimal(
      0,
      1,
      "Drops tokens whose probability is below this share of the likeliest token's.",
    ),
    typical_p: above(0, 1, "Keeps tokens of typical information content up to this probability."),
    repetition_penalty: above(0, 10, "Divides the logits of recent tokens. 1 has no effect."),
    presence_penalty: decimal(-2, 2, "Lowers the logits of recent tokens, once."),
    frequency_penalty: decimal(-2, 2, "Lowers the logits of recent tokens for each time seen."),
    penalty_last_n: whole(0, million, "Number of last tokens that the penalties consider."),
    seed: whole(0, Number.MAX_SAFE_INTEGER, "Makes completions repeatable. Random by default."),
    max_tokens: whole(1, million, "Maximum tokens of a completion."),
    min_tokens: whole(0, million, "Minimum tokens before the model may end."),
    ignore_eos: {
      type: "boolean",
      description: "Whether generation continues past the model's end token.",
    },
    stop: {
      type: "array",
      maxItems: 16,
      items: {
        type: "string",
        minLength: 1,
        maxLength: 256,
        description: "A stop sequence.",
        says: "a text",
      },
      says: "a list of at most 16 texts of 1 to 256 characters",
      description: "Stop sequences. Those of a call replace them.",
    },
  },
};

const limits: KeySchema = {
  type: "object",
  description: "Limits of one model.",
  additionalProperties: false,
  properties: {
    context_length: {
      ...whole(1, 16 * million, "Maximum tokens of one sequence, prompt and completion together."),
      defaultText:
        "the model's own. For llama, at most what fits the KV memory of each sequence, but at least 4096. KV memory is an eighth of the machine's or the container's, at least 1 GiB.",
      elsewhere: { vLLM: "--max-model-len", "llama-server": "--ctx-size" },
    },
    max_sequences: {
      ...whole(
        1,
        4096,
        "Maximum jobs that a worker computes at once. llama has fewer if their contexts do not fit its KV memory.",
      ),
      elsewhere: { vLLM: "--max-num-seqs", "llama-server": "--parallel" },
      defaultText: "the engine's choice; 16 for a llama that generates",
    },
    max_queued_jobs: {
      ...whole(0, million, "Maximum jobs that wait for the model. Above it, calls are rejected."),
      defaultText: "`--max-queued-jobs`",
    },
    max_queued_tokens: {
      ...whole(
        0,
        1000 * million,
        "Maximum tokens of the jobs that wait for the model. Above it, calls are rejected.",
      ),
      defaultText: "`--max-queued-tokens`",
    },
    max_tokens: {
      ...whole(
        1,
        million,
        "Maximum tokens of one completion. A call that asks for more gets at most this many.",
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
    description: "A file.",
    says: "a path, or a path and its sha256",
    minLength: 1,
    maxLength: 4096,
    required: ["path"],
    additionalProperties: false,
    properties: {
      path: path(
        "A path relative to the manifest, or an absolute one. A relative path must stay inside the manifest's folder, links included. In a snapshot of a Hugging Face repository, a blob of the repository is allowed too.",
      ),
      sha256: {
        type: "string",
        pattern: "^[0-9a-fA-F]{64}$",
        says: "64 hexadecimal digits",
        description:
          "SHA-256 of the file. A file that differs is not loaded, at any start of a worker.",
      },
    },
  },
};

export const manifestSchema: KeySchema = {
  type: "object",
  description: "A model.",
  // And a task, for engines that come with the server: manifest-problems.ts.
  required: ["name", "engine"],
  additionalProperties: false,
  properties: {
    name: {
      type: "string",
      pattern: "^[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*)*$",
      maxLength: 128,
      says: "1 to 128 letters, digits, dots, dashes and underscores, in parts that begin with a letter or digit, with slashes between them",
      description: "Name of the model in calls.",
    },
    version: text(64, "Version, any text. Quote one that looks like a number."),
    task: {
      type: "string",
      enum: taskNames,
      description: "Task of the model: the one of calls that name no model.",
      defaultText: "all tasks of the custom engine; required for llama and onnx",
    },
    engine: {
      type: "string",
      pattern: "^(llama|onnx|scripted|\\.{1,2}/.+|/.+)$",
      says: "llama, onnx, or a file's path that begins with ./ or /",
      description:
        "Engine of the model: `llama`, `onnx`, or the file of a custom engine: a module in JavaScript or TypeScript, a Python file, or another program.",
    },
    python: {
      type: "string",
      minLength: 1,
      maxLength: 4096,
      says: "a path, or a command such as python3.12",
      description:
        "Python interpreter, 3.10 or newer, of an engine in Python: a path relative to the manifest, an absolute one, or a command.",
      defaultText: "`--python`, then `.venv/bin/python` next to the engine, then `python3`",
    },
    files,
    license: text(128, "Licence of the weights, as an SPDX expression if one exists."),
    description: text(1000, "One sentence for people."),
    sampling,
    chat_template: {
      ...text(100_000, "A Jinja chat template."),
      defaultText: "the model's own",
    },
    chat_template_file: path("A file with a chat template."),
    chat_format: {
      type: "string",
      enum: formats.map(({ name }) => name),
      description: "How a model of the llama engine writes reasoning and tool calls in a chat.",
      defaultText: "found from the chat template",
    },
    limits,
    replicas: { ...whole(1, 64, "Number of worker processes."), defaultText: "1" },
    threads: {
      ...whole(1, 4096, "Maximum threads of a worker. Busy models share the cores."),
      defaultText: "all cores",
    },
    options: {
      type: "object",
      description: "Settings of the engine; see [options](#options).",
    },
  },
};
