/** Text on a terminal once the server is ready: its models, and two calls to try. */
import { version } from "../../../base/version.ts";
import { servedTasks } from "../../../contract/tasks.ts";
import { type Task, taskNames } from "../../../engines/tasks.ts";
import { engineText } from "../../../models/engine-text.ts";
import type { ModelStatus } from "../../../models/model.ts";
import { unnamedTasksOf } from "../../../models/model-tasks.ts";
import { slotsOf } from "../../../models/slots.ts";
import { table } from "../../print.ts";

interface Example {
  /** As the command's arguments. */
  readonly texts: string;
  /** As JSON. */
  readonly data: string;
  readonly method: string;
}

const examples: Readonly<Record<Task, Example>> = {
  generate: {
    texts: '"Once upon a time"',
    data: '{"prompt":"Once upon a time"}',
    method: "GenerateStream",
  },
  embed: { texts: '"a cat on the mat"', data: '{"inputs":["a cat on the mat"]}', method: "Embed" },
  rerank: {
    texts: '"a cat" "a kitten" "a car"',
    data: '{"query":"a cat","documents":["a kitten","a car"]}',
    method: "Rerank",
  },
  classify: {
    texts: '"a good cat"',
    data: '{"inputs":[{"text":"a good cat"}]}',
    method: "Classify",
  },
};

interface Ready {
  readonly address: string;
  readonly threads: number;
  readonly startMs: number;
  readonly ready: readonly ModelStatus[];
  readonly failed: readonly ModelStatus[];
}

export function readyText({ address, threads, startMs, ready, failed }: Ready): string {
  const rows = [...ready, ...failed].map((status) => [
    `  ${status.manifest.name}`,
    unnamedTasksOf(status).join(", ") || "-",
    engineText(status),
    ...roomOf(status),
  ]);
  const lines = [
    "",
    `inferd ${version} is ready on ${address} after ${(startMs / 1000).toFixed(1)} s, ${threads} threads`,
    table(["  model", "task", "engine", "slots", "context"], rows),
    "",
    ...tries(address, new Set(ready.flatMap(unnamedTasksOf))),
    "Ctrl-C finishes running calls, then stops.",
    "",
  ];
  return `${lines.join("\n")}\n`;
}

/** Jobs at once, and context length. */
function roomOf(status: ModelStatus): readonly string[] {
  if (status.state === "failed") return ["-", "failed, see above"];
  return [String(slotsOf(status)), `${status.info?.contextLength ?? "?"} tokens`];
}

/** How to call the first task that a model has; nothing where none is ready. */
function tries(address: string, tasks: ReadonlySet<Task>): readonly string[] {
  const task = taskNames.find((each) => tasks.has(each));
  if (task === undefined) return [];
  const flag = address === "127.0.0.1:50051" ? "" : ` --address ${address}`;
  const { texts, data, method } = examples[task];
  return [
    "Try it from another terminal:",
    `  bin/inferd ${task}${flag} ${texts}`,
    `  grpcurl -plaintext -d '${data}' ${address} ${servedTasks[task].service}/${method}`,
    "",
  ];
}
