/** What a program says of its model, checked: it is a user's. */
import type { ModelInfo, ModelSource } from "../engine.ts";
import type { EmbeddingLimits } from "./embeddings.ts";
import { clipped, fieldsOf } from "./errors.ts";
import type { Head } from "./frames.ts";

export const protocolVersion = 1;

/** What is known of a program that is ready. */
export interface Ready {
  readonly info: ModelInfo;
  readonly generate: { readonly concurrency: number } | undefined;
  readonly embed: EmbeddingLimits | undefined;
}

const usualContextLength = 32_768;
const mostConcurrency = 4_096;
const mostTexts = 65_536;
/** The protocol's frames carry no more. */
const mostBytes = 256 * 1024 * 1024;
const mostLibraries = 100;
const longestName = 200;

/** Throws a plain Error that says which field is wrong. */
export function readyOf(head: Head, source: ModelSource): Ready {
  const version = head["protocol"];
  if (version !== protocolVersion) {
    throw new Error(
      `the program speaks version ${textOf(version)} of the engine protocol, and this server version ${protocolVersion}`,
    );
  }
  const tasks = fieldsOf(head["tasks"]);
  const generate = "generate" in tasks ? generationOf(tasks["generate"]) : undefined;
  const embed = "embed" in tasks ? embeddingOf(tasks["embed"]) : undefined;
  if (generate === undefined && embed === undefined) {
    throw new Error("the program has neither of the tasks generate and embed");
  }
  return { info: infoOf(head, source, { generate, embed }), generate, embed };
}

interface Tasks {
  readonly generate: { readonly concurrency: number; readonly chat: boolean } | undefined;
  readonly embed: EmbeddingLimits | undefined;
}

function infoOf(head: Head, source: ModelSource, { generate, embed }: Tasks): ModelInfo {
  const ownLength = optional(head, "context_length", 2 ** 32 - 1) ?? usualContextLength;
  return {
    tasks: {
      ...(generate && { generate: { chat: generate.chat } }),
      ...(embed && { embed: { dimensions: embed.dimensions, pooling: "" } }),
    },
    contextLength: source.contextLength ?? ownLength,
    vocabularySize: 0,
    license: clipped(head["license"], longestName),
    slots: source.maxSequences ?? slotsOf({ generate, embed }),
    libraries: librariesOf(head["libraries"]),
  };
}

/** Texts of a batch that waits are held while one is computed. */
const slotsOf = ({ generate, embed }: Tasks): number =>
  (generate?.concurrency ?? 0) + (embed ? 2 * embed.maxTexts * embed.concurrency : 0);

function generationOf(value: unknown): NonNullable<Tasks["generate"]> {
  const fields = fieldsOf(value);
  const concurrency = optional(fields, "concurrency", mostConcurrency, "tasks.generate.") ?? 16;
  return { concurrency, chat: fields["chat"] !== false };
}

function embeddingOf(value: unknown): EmbeddingLimits {
  const fields = fieldsOf(value);
  const whole = (name: string, most: number): number | undefined =>
    optional(fields, name, most, "tasks.embed.");
  const dimensions = whole("dimensions", mostTexts);
  if (dimensions === undefined) throw wrong("tasks.embed.dimensions", mostTexts);
  const maxTexts = whole("max_batch", mostTexts) ?? 32;
  if (maxTexts * dimensions * 4 > mostBytes) {
    throw new Error("the program's max_batch vectors are larger than a frame of the protocol");
  }
  const maxBytes = whole("max_batch_bytes", mostBytes) ?? 65_536;
  return {
    dimensions,
    maxTexts,
    maxBytes,
    concurrency: whole("concurrency", mostConcurrency) ?? 1,
  };
}

function librariesOf(value: unknown): ModelInfo["libraries"] {
  const all: readonly unknown[] = Array.isArray(value) ? value : [];
  return all.slice(0, mostLibraries).map((each) => {
    const { name, version } = fieldsOf(each);
    return { name: clipped(name, longestName), version: clipped(version, longestName) };
  });
}

/** A whole number from 1; undefined where it is left out. */
function optional(
  fields: Readonly<Record<string, unknown>>,
  name: string,
  most: number,
  before = "",
): number | undefined {
  const value = fields[name] ?? undefined;
  if (value === undefined) return undefined;
  const isFine = typeof value === "number" && Number.isInteger(value) && value > 0 && value <= most;
  if (!isFine) throw wrong(before + name, most);
  return value;
}

const wrong = (path: string, most: number): Error =>
  new Error(`the program's ${path} must be a whole number from 1 to ${most.toLocaleString("en")}`);

const textOf = (value: unknown): string =>
  typeof value === "number" ? String(value) : clipped(value, 20) || "unknown";
