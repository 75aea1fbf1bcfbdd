/** What a call may ask its completion to be, and who is asked of it before it is queued. */
import { status } from "@grpc/grpc-js";
import { afterEach, expect, it } from "vitest";
import { ServeError } from "../../src/base/errors.ts";
import type { Question } from "../../src/engines/engine.ts";
import type { Submission } from "../../src/jobs/submission.ts";
import { type Ask, fakeModels, generationModel, type StatusParts, story } from "./fake-models.ts";
import { type Fields, serve, type Served } from "./proto-client.ts";
import { detailsOf } from "./support.ts";

let stop: Served["stop"] | undefined;
afterEach(() => stop?.());

interface Seen {
  readonly questions: Question[];
  readonly jobs: Submission["job"][];
}

async function open(generate: StatusParts["generate"], ask?: Ask) {
  const seen: Seen = { questions: [], jobs: [] };
  const models = fakeModels(
    [generationModel(generate && { generate })],
    (submission) => {
      seen.jobs.push(submission.job);
      return story()(submission);
    },
    (question) => {
      seen.questions.push(question);
      ask?.(question);
    },
  );
  const served = await serve(models);
  stop = served.stop;
  const call = (constraint: Fields) =>
    served.call("GenerationService", "Generate", { prompt: "x", constraint });
  return { seen, call };
}

const able = { constraints: true };

it.each([
  [{ json_object: {} }, { kind: "json_object" }],
  [{ json_schema: "{}" }, { kind: "json_schema", schema: "{}" }],
  [{ regex: "a+" }, { kind: "regex", pattern: "a+" }],
  [{ choices: { texts: ["a", "b"] } }, { kind: "choices", texts: ["a", "b"] }],
  [
    { grammar: { syntax: "GRAMMAR_SYNTAX_LARK", text: "start: X" } },
    { kind: "grammar", syntax: "lark", text: "start: X" },
  ],
  [
    { grammar: { syntax: "GRAMMAR_SYNTAX_GBNF", text: "root ::= x" } },
    { kind: "grammar", syntax: "gbnf", text: "root ::= x" },
  ],
])("asks for %j to be prepared, and gives it to the job", async (field, constraint) => {
  const { seen, call } = await open(able);
  const { error } = await call(field);
  expect(error).toBeUndefined();
  expect(seen.questions).toEqual([{ kind: "prepareConstraint", constraint }]);
  expect(seen.jobs).toMatchObject([{ kind: "completion", constraint }]);
});

it("gives a job whether its text is to be closed", async () => {
  const { seen, call } = await open(able);
  await call({ json_object: {}, close_at_length: true });
  await call({ json_object: {} });
  expect(seen.jobs).toMatchObject([{ closesAtLength: true }, { constraint: {} }]);
  expect(seen.jobs[1]).not.toHaveProperty("closesAtLength");
});

it("queues no job whose constraint is refused", async () => {
  const facts = { keyword: "not", path: "/not" };
  const { seen, call } = await open(able, () => {
    throw new ServeError("CONSTRAINT_UNSUPPORTED", "not at /not cannot be enforced", { facts });
  });
  const { error } = await call({ json_schema: '{"not":{}}' });
  expect(error?.code).toBe(status.FAILED_PRECONDITION);
  expect(detailsOf(error)).toMatchObject({
    reason: "CONSTRAINT_UNSUPPORTED",
    facts,
  });
  expect(seen.jobs).toEqual([]);
});

it("refuses every constraint where the engine enforces none", async () => {
  const { seen, call } = await open(undefined);
  const { error } = await call({ json_object: {} });
  expect(error?.code).toBe(status.FAILED_PRECONDITION);
  expect(detailsOf(error)).toMatchObject({ reason: "CONSTRAINT_UNSUPPORTED" });
  expect(seen).toEqual({ questions: [], jobs: [] });
});

it.each([
  [{}, "constraint.kind", "REQUIRED"],
  [{ json_schema: "" }, "constraint.json_schema", "REQUIRED"],
  [{ json_schema: "x".repeat(262_145) }, "constraint.json_schema", "TOO_LONG"],
  [{ regex: "x".repeat(65_537) }, "constraint.regex", "TOO_LONG"],
  [{ choices: { texts: [] } }, "constraint.choices.texts", "REQUIRED"],
  [{ choices: { texts: ["a", ""] } }, "constraint.choices.texts[1]", "REQUIRED"],
  [{ choices: { texts: ["x".repeat(4097)] } }, "constraint.choices.texts[0]", "TOO_LONG"],
  [{ choices: { texts: new Array(1025).fill("a") } }, "constraint.choices.texts", "TOO_MANY"],
  [{ grammar: { text: "x" } }, "constraint.grammar.syntax", "REQUIRED"],
  [{ grammar: { syntax: 9, text: "x" } }, "constraint.grammar.syntax", "UNKNOWN_VALUE"],
  [{ grammar: { syntax: 2, text: "" } }, "constraint.grammar.text", "REQUIRED"],
])("refuses what breaks the rules, case %#", async (field, path, reason) => {
  const { seen, call } = await open(able);
  const { error } = await call(field);
  expect(error?.code).toBe(status.INVALID_ARGUMENT);
  expect(detailsOf(error)?.violations).toMatchObject([{ field: path, reason }]);
  expect(seen.questions).toEqual([]);
});
