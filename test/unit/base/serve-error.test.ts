import { expect, it } from "vitest";
import { ServeError } from "../../../src/base/errors.ts";

it("captures a stack where it was not foreseen, and none else", () => {
  const limit = Error.stackTraceLimit;
  expect(new ServeError("QUEUE_FULL", "full").stack).toBe("ServeError: full");
  expect(new ServeError("INTERNAL", "a bug").stack).toContain("serve-error.test.ts");
  expect(Error.stackTraceLimit).toBe(limit);
});
