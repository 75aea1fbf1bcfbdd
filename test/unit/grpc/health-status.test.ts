import { expect, it } from "vitest";
import type { CallContext } from "../../../src/calls/call.ts";
import { HealthStatuses } from "../../../src/grpc/health-status.ts";
import { healthHandlers } from "../../../src/grpc/health-handlers.ts";

/** A watch's context, as far as it looks at it. */
const context = (signal: AbortSignal) => ({ signal }) as unknown as CallContext;

it("forgets a name that is not watched any more", async () => {
  const health = new HealthStatuses();
  const { watch } = healthHandlers(health);
  const open = Array.from({ length: 10_000 }, (_, index) => {
    const ending = new AbortController();
    const statuses = watch({ service: `name-${index}` }, context(ending.signal));
    return { ending, statuses: statuses[Symbol.asyncIterator]() };
  });
  for (const { statuses } of open) await statuses.next();
  expect(health.followed).toBe(10_000);
  for (const { ending, statuses } of open) {
    ending.abort();
    expect(await statuses.next()).toMatchObject({ done: true });
  }
  expect(health.followed).toBe(0);
});

it("tells each of those who watch one name, and goes on where one of them leaves", () => {
  const health = new HealthStatuses();
  const heard: string[] = [];
  const stop = health.follow("a", (status) => heard.push(`first ${status}`));
  health.follow("a", (status) => heard.push(`second ${status}`));
  stop();
  stop();
  health.set("a", true);
  expect(heard).toEqual(["first 3", "second 3", "second 1"]);
  expect(health.followed).toBe(1);
});
