/** What a program says of its model, checked: it is a user's. */
import type { ModelInfo, ModelSource } from "../engine.ts";
import { clipped, fieldsOf } from "./errors.ts";
import type { Head } from "./frames.ts";
import { type ReadyTasks, readyTasksOf, taskInfosOf } from "./ready-tasks.ts";
import { wholeIn } from "./whole.ts";

export const protocolVersion = 1;

/** What is known of a program that is ready. */
export interface Ready extends ReadyTasks {
  readonly info: ModelInfo;
}

const usualContextLength = 32_768;
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
  const tasks = readyTasksOf(fieldsOf(head["tasks"]));
  return { info: infoOf(head, source, tasks), ...tasks };
}

function infoOf(head: Head, source: ModelSource, tasks: ReadyTasks): ModelInfo {
  const ownLength = wholeIn(head, "context_length", 2 ** 32 - 1) ?? usualContextLength;
  return {
    tasks: taskInfosOf(tasks),
    contextLength: source.contextLength ?? ownLength,
    vocabularySize: 0,
    license: clipped(head["license"], longestName),
    slots: source.maxSequences ?? slotsOf(tasks),
    libraries: librariesOf(head["libraries"]),
  };
}

/** Items of a batch that waits are held while one is computed. */
const slotsOf = ({ generate, texts }: ReadyTasks): number =>
  texts.reduce(
    (sum, { maxTexts, concurrency }) => sum + 2 * maxTexts * concurrency,
    generate?.concurrency ?? 0,
  );

function librariesOf(value: unknown): ModelInfo["libraries"] {
  const all: readonly unknown[] = Array.isArray(value) ? value : [];
  return all.slice(0, mostLibraries).map((each) => {
    const { name, version } = fieldsOf(each);
    return { name: clipped(name, longestName), version: clipped(version, longestName) };
  });
}

const textOf = (value: unknown): string =>
  typeof value === "number" ? String(value) : clipped(value, 20) || "unknown";
