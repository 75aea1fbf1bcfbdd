import { expect, it } from "vitest";
import { Shutdown } from "../../../src/app/shutdown.ts";
import { workerGraceMs } from "../../../src/base/shutdown-budget.ts";

/** Parts that note the order in which they end. */
function parts(failing?: string) {
  const steps: string[] = [];
  const note = async (step: string): Promise<void> => {
    steps.push(step);
    await Promise.resolve();
    if (step === failing) throw new Error(`${step} failed`);
  };
  const shutdown = new Shutdown({
    server: {
      leave: () => void steps.push("health leaves"),
      drain: (graceMs) => note(`calls get ${graceMs} ms`),
    },
    models: { close: (graceMs) => note(`workers get ${graceMs} ms`) },
    access: { close: () => note("keys") },
    metrics: { close: () => note("metrics") },
    graceMs: 30,
  });
  return { shutdown, steps };
}

const inOrder = ["calls get 30 ms", `workers get ${workerGraceMs} ms`, "keys", "metrics"];

it("ends calls before workers, and metrics last", async () => {
  const { shutdown, steps } = parts();
  expect(shutdown.hasBegun()).toBe(false);
  const ended = shutdown.begin(0);
  expect(shutdown.hasBegun()).toBe(true);
  await ended;
  expect(steps).toEqual(inOrder);
});

it("leaves by health first where it is given time", async () => {
  const { shutdown, steps } = parts();
  await shutdown.begin(1);
  expect(steps).toEqual(["health leaves", ...inOrder]);
});

it("ends once, however often it is asked", async () => {
  const { shutdown, steps } = parts();
  await Promise.all([shutdown.begin(0), shutdown.begin(1000), shutdown.ended]);
  expect(steps).toEqual(inOrder);
});

it("tells all that wait where an end fails", async () => {
  const { shutdown, steps } = parts("keys");
  await expect(shutdown.begin(0)).rejects.toThrow("keys failed");
  await expect(shutdown.ended).rejects.toThrow("keys failed");
  expect(steps).toEqual(inOrder.slice(0, 3));
});
