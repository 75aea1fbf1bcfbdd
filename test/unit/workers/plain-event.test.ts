import { expect, it } from "vitest";
import type { JobEvent } from "../../../src/engines/engine.ts";
import { finish, piece, setUp } from "../../fixtures/played-engine.ts";
import { embedJob } from "../../fixtures/jobs.ts";

/** What no message can carry, under a name that the interface does not have. */
const more = { debug: () => "x" };
const error = {
  reason: "FIELD_INVALID",
  message: "wrong",
  facts: { limit: "1" },
  violations: [{ field: "prompt", reason: "MALFORMED", description: "is wrong" }],
} as const;
const unsendable = {
  ...error,
  ...more,
  violations: error.violations.map((each) => ({ ...each, ...more })),
};
const item = { kind: "item", index: 0, tokenCount: 1, truncated: false } as const;
const value = { kind: "vector", values: Float32Array.of(1) } as const;
const { usage, timings } = finish as Extract<JobEvent, { readonly kind: "finish" }>;

it.each<readonly [JobEvent, object]>([
  [{ kind: "started", ...more }, { kind: "started" }],
  [{ ...piece("a"), ...more }, piece("a")],
  [
    { kind: "piece", text: "a", tokenIds: Uint32Array.of(1), ...more },
    { kind: "piece", text: "a", tokenIds: Uint32Array.of(1) },
  ],
  [
    { ...finish, usage: { ...usage, ...more }, timings: { ...timings, ...more }, ...more } as never,
    finish,
  ],
  [
    { kind: "failed", error: unsendable, ...more },
    { kind: "failed", error },
  ],
])("takes what no message can carry from an event of a completion: %j", async (given, sent) => {
  const { engine, add, steps, rest } = setUp();
  add(1);
  await engine.give([[1, given]]);
  await rest();
  expect(steps().flatMap(({ events }) => structuredClone(events))).toEqual([
    { id: 1, event: sent },
  ]);
});

it("takes it from the items of an items job, from their values and their errors", async () => {
  const { engine, add, steps, rest } = setUp();
  add(1, 100, embedJob(["a", "b"]));
  const given = [
    { ...item, value: { ...value, ...more }, ...more },
    { ...item, index: 1, error: unsendable, ...more },
  ];
  await engine.give(given.map((event) => [1, event] as [number, JobEvent]));
  await rest();
  const [sent] = steps().flatMap(({ events }) => structuredClone(events));
  const items = [{ value: { kind: "float32" } }, { index: 1, error }];
  expect(sent).toMatchObject({ id: 1, event: { kind: "items", items } });
});

it("reads what an event has by getters, which no message carries", async () => {
  const { engine, add, steps, rest } = setUp();
  add(1);
  const owned = { ...finish } as object;
  Object.defineProperty(owned, "usage", { get: () => usage, enumerable: false });
  await engine.give([[1, owned as JobEvent]]);
  await rest();
  expect(steps().flatMap(({ events }) => structuredClone(events))).toEqual([
    { id: 1, event: finish },
  ]);
});
