/**
 * The server that is fuzzed, in a process of its own: it shares no thread with its callers, and a
 * crash is seen for what it is. Its argument says which models it has; `subject.ts` starts it.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openAccess } from "../../src/auth/access.ts";
import { openKeyStore } from "../../src/auth/open-key-store.ts";
import { systemClock } from "../../src/base/clock.ts";
import { openLog } from "../../src/base/log.ts";
import { flagSource, loadConfig } from "../../src/config/config.ts";
import type { ServerOptions } from "../../src/grpc/server.ts";
import type { Answer, Question } from "../../src/engines/engine.ts";
import type { Submission } from "../../src/jobs/submission.ts";
import type { Models } from "../../src/models/model.ts";
import type { WorkerEvent } from "../../src/workers/messages.ts";
import { heapBytes } from "../fixtures/memory.ts";
import {
  addAll,
  embeddingModel,
  fakeModels,
  generationModel,
  result,
  story,
  vector,
} from "../grpc/fake-models.ts";
import { start } from "../grpc/support.ts";
import { keyRecords, planted } from "./keys.ts";
import type { Kind, Measure } from "./subject.ts";

const maxMessageBytes = 1_000_000;
const mostProblems = 20;

/** What stands in its log and may not: an error of its own, a worker's end, what a caller said. */
const problems: string[] = [];

const log = await openLog({
  level: "debug",
  format: "json",
  destination: {
    write: (line) => {
      const isWrong = /^{"level":"error"|"worker exited|"worker hangs/.test(line);
      if (!isWrong && !planted.test(withoutLabels(line))) return;
      if (problems.length < mostProblems) problems.push(line.slice(0, 500));
    },
  },
});

/** A line without what a call says of itself for the log. */
function withoutLabels(line: string): string {
  const said = JSON.parse(line) as Record<string, unknown>;
  return JSON.stringify({ ...said, user: undefined, labels: undefined });
}

interface Opened {
  readonly address: string;
  readonly stop: () => Promise<void>;
}

/** Models that answer at once: it is the edge that is tried. */
async function openScripted(options: Partial<ServerOptions> = {}): Promise<Opened> {
  const names = ["inferd-demo", "all-minilm-l6-v2"] as const;
  const statuses = [
    generationModel({ manifest: { name: names[0] } }),
    embeddingModel({ manifest: { name: names[1] } }),
  ];
  const models = answering(fakeModels(statuses, answer));
  return start((server) => addAll(server, models), { maxMessageBytes, log, ...options });
}

/** With an answer to each question that a call asks. */
function answering(models: Models): Models {
  // The question's kind decides the answer's type, which a fake does not know.
  const ask = ((question: Question) => Promise.resolve(answerTo(question))) as ReturnType<
    Models["resolve"]
  >["ask"];
  return { ...models, resolve: (...wanted) => ({ ...models.resolve(...wanted), ask }) };
}

function answerTo(question: Question): Answer {
  const ids = Uint32Array.of(1, 40);
  const pieces = {
    bytes: Buffer.from("<s>a"),
    ends: Uint32Array.of(3, 4),
    special: Uint8Array.of(1, 0),
    places: Uint32Array.of(0, 0, 0, 1),
  };
  switch (question.kind) {
    case "tokenize":
      return { ids, ...(question.withPieces && { pieces }) };
    case "tokenizeChat":
      return { ids, text: "a", ...(question.withPieces && { pieces }) };
    case "prepareConstraint":
    case "prepareTools":
      return true;
    case "detokenize":
    case "applyTemplate":
      return "a";
    case "countTokens":
      return 2;
  }
}

/** The same, where callers need a key of a real store. */
async function openKeyed(): Promise<Opened> {
  const folder = await mkdtemp(join(tmpdir(), "inferd-fuzz-"));
  const keys = join(folder, "keys.db");
  const store = await openKeyStore({ kind: "sqlite", path: keys }, "make");
  for (const record of keyRecords) await store.add(record);
  await store.close();
  const access = await openAccess(loadConfig([flagSource({ keys }, ".")]), log, systemClock);
  const { address, stop } = await openScripted({ authorizer: access.authorizer });
  return {
    address,
    stop: async () => {
      await stop();
      await access.close();
      await rm(folder, { recursive: true });
    },
  };
}

async function* answer(submission: Submission): AsyncGenerator<WorkerEvent> {
  const { job } = submission;
  if (job.kind === "items") {
    const items = job.items.map((_, index) => vector(index));
    yield* [{ kind: "started" }, { kind: "items", items }, { kind: "finish", ...result }];
  } else yield* story()(submission);
}

/** The whole server, with the models that come with it; completions are short, so that calls are many. */
async function openReal(): Promise<Opened> {
  const { startApp } = await import("../../src/app/app.ts");
  const values = {
    port: "0",
    maxMessageBytes: String(maxMessageBytes),
    maxTokens: "8",
    maxInputs: "64",
  };
  const app = await startApp(loadConfig([flagSource(values, ".")]), log, process.env);
  const isLoading = () => app.models.list().some(({ state }) => state === "loading");
  await new Promise<void>((resolve) => {
    app.models.onChange(() => isLoading() || resolve());
    if (!isLoading()) resolve();
  });
  return { address: `127.0.0.1:${app.port}`, stop: () => app.drain(0) };
}

const kind = process.argv[2] as Kind;
const open = { scripted: openScripted, keyed: openKeyed, real: openReal };
const { address, stop } = await open[kind]();

process.on("message", (asked) => {
  if (asked === "measure") void measure().then((measured) => process.send?.(measured));
  // It ends by itself, or something holds it.
  if (asked === "stop") void stop().then(() => process.disconnect());
});
process.send?.({ address });

async function measure(): Promise<Measure> {
  const bytes = await heapBytes();
  return { heapBytes: bytes, handles: process.getActiveResourcesInfo().length, problems };
}
