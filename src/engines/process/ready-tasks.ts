/** The tasks of a program by what it says of itself, checked: it is a user's. */
import type { ClassificationInfo, ModelInfo } from "../engine.ts";
import { type Task, taskNames } from "../tasks.ts";
import { fieldsOf } from "./errors.ts";
import type { TextTask } from "./text-task.ts";
import { notWhole, wholeIn } from "./whole.ts";

export interface ReadyTasks {
  readonly generate: { readonly concurrency: number; readonly chat: boolean } | undefined;
  readonly texts: readonly TextTask[];
  /** Of a program that classifies. */
  readonly classes: ClassificationInfo | undefined;
}

const mostConcurrency = 4_096;
const mostTexts = 65_536;
/** The protocol's frames carry no more. */
const mostBytes = 256 * 1024 * 1024;
const longestLabel = 200;

type Fields = Readonly<Record<string, unknown>>;

/** Throws a plain Error that says which field is wrong. */
export function readyTasksOf(tasks: Fields): ReadyTasks {
  if (!taskNames.some((name) => name in tasks)) {
    throw new Error(`the program has none of the tasks ${taskNames.join(", ")}`);
  }
  const of = (name: Task): Fields | undefined =>
    name in tasks ? fieldsOf(tasks[name]) : undefined;
  const [generate, embed, rerank] = [of("generate"), of("embed"), of("rerank")];
  const classify = of("classify");
  const classes = classify && classesOf(classify);
  return {
    generate: generate && generationOf(generate),
    texts: [
      ...(embed ? [textTaskOf("embed", embed, { numbers: dimensionsOf(embed) })] : []),
      ...(rerank ? [textTaskOf("rerank", rerank, { numbers: 1, pairs: true })] : []),
      ...(classify && classes
        ? [textTaskOf("classify", classify, classesShape(classify, classes))]
        : []),
    ],
    classes,
  };
}

/** What is said of the model for its tasks. */
export function taskInfosOf({ generate, texts, classes }: ReadyTasks): ModelInfo["tasks"] {
  const embed = texts.find(({ task }) => task === "embed");
  const rerank = texts.find(({ task }) => task === "rerank");
  return {
    ...(generate && { generate: { chat: generate.chat } }),
    ...(embed && { embed: { dimensions: embed.numbers, pooling: "" } }),
    ...(rerank && { rerank: {} }),
    ...(classes && { classify: classes }),
  };
}

function generationOf(fields: Fields): NonNullable<ReadyTasks["generate"]> {
  const concurrency = wholeIn(fields, "concurrency", mostConcurrency, "tasks.generate.") ?? 16;
  return { concurrency, chat: fields["chat"] !== false };
}

function dimensionsOf(fields: Fields): number {
  const dimensions = wholeIn(fields, "dimensions", mostTexts, "tasks.embed.");
  if (dimensions !== undefined) return dimensions;
  throw notWhole("tasks.embed.dimensions", mostTexts);
}

interface Shape {
  readonly numbers: number;
  readonly pairs?: boolean;
}

function textTaskOf(
  task: TextTask["task"],
  fields: Fields,
  { numbers, pairs = false }: Shape,
): TextTask {
  const whole = (name: string, most: number): number | undefined =>
    wholeIn(fields, name, most, `tasks.${task}.`);
  const maxTexts = whole("max_batch", mostTexts) ?? 32;
  if (maxTexts * numbers * 4 > mostBytes) {
    throw new Error(
      `the numbers of the program's max_batch of ${task} are larger than a frame of the protocol`,
    );
  }
  const maxBytes = whole("max_batch_bytes", mostBytes) ?? 65_536;
  const concurrency = whole("concurrency", mostConcurrency) ?? 1;
  return { task, numbers, pairs, maxTexts, maxBytes, concurrency };
}

const classesShape = (fields: Fields, { labels }: ClassificationInfo): Shape => ({
  numbers: labels.length,
  pairs: fields["pairs"] === true,
});

function classesOf(fields: Fields): ClassificationInfo {
  const stated = fields["labels"];
  const all: readonly unknown[] = Array.isArray(stated) ? stated : [];
  const labels = all.filter(
    (label): label is string =>
      typeof label === "string" && label !== "" && label.length <= longestLabel,
  );
  const areFine = labels.length === all.length && new Set(labels).size === labels.length;
  if (areFine && labels.length > 0 && labels.length <= mostTexts) {
    return { labels, multiLabel: fields["multi_label"] === true };
  }
  const most = mostTexts.toLocaleString("en");
  throw new Error(
    `the program's tasks.classify.labels must be from 1 to ${most} texts, each of at most ${longestLabel} characters and none twice`,
  );
}
