import { describe, expect, it } from "vitest";
import { ServeError, type Reason } from "../../../src/base/errors.ts";
import type { WorkerEvent } from "../../../src/workers/messages.ts";
import { runOf } from "../../fixtures/job-runs.ts";
import { collect, embedJob, generateJob, sampling } from "../../fixtures/jobs.ts";
import { submission } from "../../fixtures/scripted-registry.ts";

/** A prompt of 1,000 tokens by the estimate, and at most 50 to come. */
const job = generateJob("x".repeat(4000), { sampling: { ...sampling, maxTokens: 50 } });

const finish: WorkerEvent = {
  kind: "finish",
  reason: "stop",
  stopSequence: "",
  usage: { promptTokens: 900, cachedPromptTokens: 0, completionTokens: 7 },
  timings: { queueMs: 0, prefillMs: 0, firstTokenMs: 0, decodeMs: 0, totalMs: 0, meanBatchSize: 1 },
};
const pieces: readonly WorkerEvent[] = [
  { kind: "started" },
  { kind: "piece", text: "a" },
  { kind: "piece", text: "bc", tokenIds: Uint32Array.of(1, 2) },
];

/** What is taken from a caller's quota for a job that gives these events and then, perhaps, throws. */
function setUp(
  events: readonly WorkerEvent[],
  thrown?: ServeError,
  asked: typeof job | ReturnType<typeof embedJob> = job,
) {
  const taken: number[] = [];
  const charged: number[] = [];
  const reserve = (estimate: number) => {
    taken.push(estimate);
    return (used: number) => void charged.push(used);
  };
  const source = async function* (): AsyncGenerator<WorkerEvent> {
    yield* events;
    await Promise.resolve();
    if (thrown !== undefined) throw thrown;
  };
  const run = runOf(submission("", { job: asked, reserve }), source());
  return { run, taken, charged };
}

const refusal = (reason: Reason, facts: Readonly<Record<string, string>> = {}) =>
  new ServeError(reason, "no", { facts });

it.each([
  ["CHAT_TOO_SLOW", {}, 1000],
  ["FIELD_INVALID", {}, 1000],
  ["PROMPT_TOO_LONG", { mostTokens: "100" }, 100],
  ["PROMPT_TOO_LONG", { mostTokens: "5000" }, 1000],
  ["QUEUE_FULL", {}, 0],
  ["MODEL_NOT_READY", {}, 0],
] as const)(
  "charges for what a model read before it refused it: %s %j",
  async (reason, facts, tokens) => {
    const { run, charged } = setUp([], refusal(reason, facts));
    await expect(run.next()).rejects.toThrow("no");
    expect(charged).toEqual([tokens]);
  },
);

describe("a job that has begun", () => {
  it("takes an estimate of its prompt and all that it may write, and is charged by its result, once", async () => {
    const { run, taken, charged } = setUp([...pieces, finish]);
    expect(taken).toEqual([]);
    await collect(run);
    await run.return();
    expect([taken, charged]).toEqual([[1050], [907]]);
  });

  it("is charged by the estimate and the tokens that were given, where it breaks off", async () => {
    const { run, charged } = setUp(pieces, refusal("PROMPT_TOO_LONG"));
    await expect(collect(run)).rejects.toThrow("no");
    expect(charged).toEqual([1003]);
  });

  it("is charged so where its reader leaves", async () => {
    const { run, charged } = setUp(pieces);
    await run.next();
    await run.return();
    expect(charged).toEqual([1000]);
  });

  it("is charged by the texts that a model read, where it gives vectors", async () => {
    const { run, taken, charged } = setUp(
      [{ kind: "started" }, finish],
      undefined,
      embedJob(["abcde", ""]),
    );
    await collect(run);
    expect([taken, charged]).toEqual([[2], [907]]);
  });
});

it("a job that its caller's quota has no tokens for does not run, and is charged nothing", async () => {
  let hasRun = false;
  const source = async function* (): AsyncGenerator<WorkerEvent> {
    hasRun = true;
    await Promise.resolve();
    yield finish;
  };
  const reserve = (): never => {
    throw refusal("QUEUE_FULL");
  };
  await expect(runOf(submission("", { job, reserve }), source()).next()).rejects.toThrow("no");
  expect(hasRun).toBe(false);
});
