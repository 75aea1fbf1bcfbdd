import { describe, expect, it } from "vitest";
import type { Answer, Question } from "../../../src/engines/engine.ts";
import { finish, setUp } from "../../fixtures/played-engine.ts";

const question: Question = { kind: "countTokens", input: { kind: "prompt", text: "a" } };

/** A driver of an engine that notes each question, and answers with what it is told to. */
function setUpQuestions(answer: () => Answer | undefined | Promise<Answer | undefined>) {
  const playing = setUp();
  const { engine, driver, sent } = playing;
  let answerMs = 0;
  Object.assign(engine, {
    answer: () => {
      engine.calls.push("answer");
      engine.now += answerMs;
      return answer();
    },
  });
  return {
    ...playing,
    ask: (id: number) => driver.receive({ kind: "ask", id, question }),
    takes: (ms: number) => (answerMs = ms),
    answers: () => sent.filter(({ kind }) => kind === "answer" || kind === "unanswered"),
  };
}

describe("questions", () => {
  it("are answered though there is nothing to compute", async () => {
    const { engine, ask, answers, rest } = setUpQuestions(() => 3);
    ask(1);
    ask(2);
    await rest();
    expect(answers()).toEqual([1, 2].map((id) => ({ kind: "answer", id, answer: 3 })));
    expect(engine.calls).toEqual(["answer", "answer"]);
  });

  it("wait for the end of the step under way, and come after jobs", async () => {
    const { engine, ask, add, answers } = setUpQuestions(() => 3);
    add(1);
    await engine.stepping();
    ask(1);
    add(2);
    expect(answers()).toEqual([]);
    await engine.give([], true);
    await engine.stepping();
    expect(engine.calls.slice(2)).toEqual(["add 2 completion", "answer", "step"]);
  });

  it("that take long have a step between them", async () => {
    const { engine, ask, add, takes } = setUpQuestions(() => 3);
    takes(1_000);
    add(1);
    for (const id of [1, 2]) ask(id);
    await engine.give([], true);
    await engine.stepping();
    expect(engine.calls).toEqual(["add 1 completion", "answer", "step", "answer", "step"]);
  });

  it("hold up no step while their answers are promised", async () => {
    const { promise, resolve } = Promise.withResolvers<number>();
    const { engine, ask, add, answers, rest } = setUpQuestions(() => promise);
    add(1);
    ask(1);
    await engine.give([], true);
    await engine.stepping();
    expect(answers()).toEqual([]);
    resolve(3);
    await rest();
    expect(answers()).toEqual([{ kind: "answer", id: 1, answer: 3 }]);
    await engine.give([[1, finish]]);
  });

  it("are not put to the engine once they are given up", async () => {
    const { engine, driver, ask, add, answers, rest } = setUpQuestions(() => 3);
    add(1);
    await engine.stepping();
    ask(1);
    ask(2);
    driver.receive({ kind: "forget", id: 1 });
    await engine.give([[1, finish]]);
    await rest();
    expect(answers()).toMatchObject([
      { kind: "unanswered", id: 1, error: { reason: "CALLER_GONE" } },
      { kind: "answer", id: 2 },
    ]);
    expect(engine.calls.filter((call) => call === "answer")).toHaveLength(1);
  });

  it("break nothing where the engine fails them, and the log says why", async () => {
    const { ask, answers, sent, broken, rest } = setUpQuestions(() => {
      throw new Error("secret");
    });
    ask(1);
    await rest();
    expect(answers()).toMatchObject([{ kind: "unanswered", error: { reason: "INTERNAL" } }]);
    expect(JSON.stringify(answers())).not.toContain("secret");
    expect(sent.filter(({ kind }) => kind === "log")).toHaveLength(1);
    expect(broken).toEqual([]);
  });

  it.each([
    ["no answer", undefined, "WRONG_TASK"],
    ["an answer of another kind", "three", "INTERNAL"],
    ["a number that is no count", NaN, "INTERNAL"],
  ])("have %s from an engine", async (_, answer, reason) => {
    const { ask, answers, rest } = setUpQuestions(() => answer);
    ask(1);
    await rest();
    expect(answers()).toMatchObject([{ kind: "unanswered", id: 1, error: { reason } }]);
  });

  it("are none that an engine without answers has", async () => {
    const { driver, sent, rest } = setUp();
    driver.receive({ kind: "ask", id: 1, question });
    await rest();
    expect(sent).toMatchObject([{ kind: "unanswered", id: 1, error: { reason: "WRONG_TASK" } }]);
  });
});
