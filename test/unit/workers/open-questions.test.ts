import { expect, it } from "vitest";
import { ServeError } from "../../../src/base/errors.ts";
import { mostQuestions, OpenQuestions } from "../../../src/workers/open-questions.ts";
import { FakePort } from "../../fixtures/fake-port.ts";
import { never } from "../../fixtures/jobs.ts";

const question = { kind: "countTokens", input: { kind: "prompt", text: "a" } } as const;

function setUp() {
  const port = new FakePort();
  let ended = 0;
  const questions = new OpenQuestions({ port, onEnd: () => (ended += 1) });
  const ask = (signal: AbortSignal = never) => questions.ask(question, signal);
  return { port, questions, ask, ended: () => ended };
}

it("matches answers to questions, in whatever order they come", async () => {
  const { port, questions, ask, ended } = setUp();
  const answers = [ask(), ask()];
  expect(port.sent).toEqual([1, 2].map((id) => ({ kind: "ask", id, question })));
  expect(questions.size).toBe(2);
  questions.receive({ kind: "answer", id: 2, answer: 2 });
  questions.receive({ kind: "answer", id: 1, answer: 1 });
  expect(await Promise.all(answers)).toEqual([1, 2]);
  expect([questions.size, ended()]).toEqual([0, 2]);
});

it("refuses more than it may have open, and takes one when one has ended", async () => {
  const { questions, ask } = setUp();
  const first = ask();
  const rest = Array.from({ length: mostQuestions - 1 }, () => ask());
  await expect(ask()).rejects.toMatchObject({ reason: "QUEUE_FULL", retryAfterMs: 1000 });
  questions.receive({ kind: "answer", id: 1, answer: 0 });
  await first;
  const late = ask();
  expect(questions.size).toBe(mostQuestions);
  questions.close();
  const ends = await Promise.allSettled([...rest, late]);
  expect(ends.every(({ status }) => status === "rejected")).toBe(true);
});

it("tells the worker of a question that was given up, and ignores its answer", async () => {
  const { port, questions, ask } = setUp();
  const leaving = new AbortController();
  const answer = ask(leaving.signal);
  leaving.abort(new Error("left"));
  await expect(answer).rejects.toThrow("left");
  expect(port.sent.at(-1)).toEqual({ kind: "forget", id: 1 });
  questions.receive({ kind: "answer", id: 1, answer: 0 });
  expect(questions.size).toBe(0);
});

it("keeps the place of a question that was given up until the worker is done with it", async () => {
  const { questions, ask, ended } = setUp();
  const leaving = new AbortController();
  const asked = Array.from({ length: mostQuestions }, () => ask(leaving.signal));
  leaving.abort(new Error("left"));
  await Promise.allSettled(asked);
  expect([questions.size, ended()]).toEqual([mostQuestions, 0]);
  await expect(ask()).rejects.toMatchObject({ reason: "QUEUE_FULL" });
  questions.receive({ kind: "unanswered", id: 1, error: ServeError.of("CALLER_GONE").toData() });
  const late = ask();
  expect(ended()).toBe(1);
  questions.close();
  await expect(late).rejects.toMatchObject({ reason: "WORKER_EXITED" });
  expect([questions.size, ended()]).toEqual([0, 2]);
});

it("sends nothing for a caller who has left already", async () => {
  const { port, ask } = setUp();
  await expect(ask(AbortSignal.abort(new Error("left")))).rejects.toThrow("left");
  expect(port.sent).toEqual([]);
});

it("fails an error whose reason is in no table as INTERNAL", async () => {
  const { questions, ask } = setUp();
  const answer = ask();
  const error = { reason: "MADE_UP" as never, message: "secret" };
  questions.receive({ kind: "unanswered", id: 1, error });
  await expect(answer).rejects.toMatchObject({ reason: "INTERNAL", message: "internal error" });
});

it("fails what is open when the worker is gone, and what comes after", async () => {
  const { questions, ask } = setUp();
  const answer = ask();
  questions.close();
  await expect(answer).rejects.toMatchObject({ reason: "WORKER_EXITED" });
  await expect(ask()).rejects.toMatchObject({ reason: "WORKER_EXITED" });
});
