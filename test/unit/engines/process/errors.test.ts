import { describe, expect, it } from "vitest";
import { programError } from "../../../../src/engines/process/errors.ts";

const hidden = { reason: "INTERNAL", message: "internal error" };

describe("an error of a program", () => {
  it("reaches callers where it has one of their reasons", () => {
    const error = { reason: "QUEUE_FULL", message: "too much", retry_after: 1.5, violations: [] };
    expect(programError(error)).toEqual({
      error: { reason: "QUEUE_FULL", message: "too much", retryAfterMs: 1500 },
      logged: undefined,
    });
  });

  it("is for the log where it is the program's own fault", () => {
    const error = { reason: "INTERNAL", message: "write: TypeError", traceback: "line 3" };
    expect(programError(error)).toEqual({ error: hidden, logged: "write: TypeError\nline 3" });
  });

  it.each([
    [undefined],
    [null],
    ["text"],
    [{ reason: "toString" }],
    [{ reason: 7, message: {} }],
    [{ reason: "INTERNAL" }],
  ])("is one of the program's own if it is %j", (error) => {
    const { error: told, logged } = programError(error);
    expect(told).toEqual(hidden);
    expect(logged).toContain("it gave no message");
  });

  it("names an unknown reason in the log", () => {
    expect(programError({ reason: "TEAPOT", message: "m" }).logged).toBe(
      "unknown reason TEAPOT: m",
    );
  });

  it("has no more violations, and no longer ones, than a status carries", () => {
    const violation = { field: "f".repeat(1000), reason: "ODD", description: "d".repeat(5000) };
    const violations = [...Array.from({ length: 200 }, () => violation), 7];
    const { error } = programError({ reason: "FIELD_INVALID", message: "m", violations });
    expect(error.violations).toHaveLength(100);
    expect(error.violations?.[0]).toEqual({
      field: `${"f".repeat(200)}…`,
      reason: "MALFORMED",
      description: `${"d".repeat(2000)}…`,
    });
  });

  it("has the message of its reason where it brings none", () => {
    expect(programError({ reason: "NO_CHAT_TEMPLATE" }).error.message).toContain("chat template");
    expect(programError({ reason: "QUEUE_FULL" }).error.message).not.toBe("");
  });
});
