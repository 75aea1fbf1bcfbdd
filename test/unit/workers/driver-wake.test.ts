import { expect, it } from "vitest";
import { setUp } from "../../fixtures/played-engine.ts";

it("wakes an engine whose step is under way when something comes, or when it is to stop", async () => {
  const { engine, driver, add } = setUp();
  add(1);
  await engine.stepping();
  expect(engine.wakes).toBe(0);
  driver.receive({ kind: "cancel", id: 1 });
  expect(engine.wakes).toBe(1);
  const stopped = driver.stop();
  expect(engine.wakes).toBe(2);
  await engine.give([]);
  await stopped;
});
