import { expect, it } from "vitest";
import { setUp } from "../../fixtures/played-engine.ts";

it.each([undefined, null, 1, {}])("fails a job whose step gives no list: %j", async (given) => {
  const { engine, add, steps, rest, broken } = setUp();
  let steppedWith = 0;
  Object.assign(engine, {
    step: () => {
      steppedWith += 1;
      return Promise.resolve(given);
    },
    cancel: () => (engine.busy = false),
  });
  add(1);
  await rest();
  expect(steps().flatMap(({ events }) => events)).toMatchObject([
    { id: 1, event: { kind: "failed", error: { reason: "INTERNAL" } } },
  ]);
  expect([steppedWith, broken]).toEqual([1, []]);
});
