/** Text on a terminal once the server is ready: its models, and two calls to try. */
import { version } from "../../../base/version.ts";
import { engineText } from "../../../models/engine-text.ts";
import type { ModelStatus } from "../../../models/model.ts";
import { unnamedTasksOf } from "../../../models/model-tasks.ts";
import { slotsOf } from "../../../models/slots.ts";
import { table } from "../../print.ts";

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
    "Try it from another terminal:",
    ...tries(address, new Set(ready.flatMap(unnamedTasksOf))),
    "",
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

function tries(address: string, tasks: ReadonlySet<string>): readonly string[] {
  const flag = address === "127.0.0.1:50051" ? "" : ` --address ${address}`;
  const call = (data: string, method: string): string =>
    `  grpcurl -plaintext -d '${data}' ${address} inferd.v1.${method}`;
  return tasks.has("generate")
    ? [
        `  bin/inferd generate${flag} "Once upon a time"`,
        call('{"prompt":"Once upon a time"}', "GenerationService/GenerateStream"),
      ]
    : [
        `  bin/inferd embed${flag} "a cat on the mat"`,
        call('{"inputs":["a cat on the mat"]}', "EmbeddingService/Embed"),
      ];
}
