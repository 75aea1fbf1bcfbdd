import { expect, it } from "vitest";
import { errorMessage, errorStack, nearestName } from "../../../src/base/text.ts";

it("tells what was thrown, error or not", () => {
  expect(errorMessage(new RangeError("too large"))).toBe("too large");
  expect(errorMessage("broken")).toBe("broken");
  expect(errorMessage(undefined)).toBe("undefined");
});

it("tells where an error was thrown, where that is known", () => {
  expect(errorStack(new RangeError("too large"))).toMatch(
    /^RangeError: too large\n +at .*text\.test/,
  );
  expect(errorStack("broken")).toBe("broken");
});

const known = ["temperature", "top_k", "top_p", "max_tokens", "port"];

it.each([
  ["temprature", "temperature"],
  ["topK", "top_k"],
  ["TOP-P", "top_p"],
  ["maxTokens", "max_tokens"],
  ["max_token", "max_tokens"],
])("takes %s for %s", (mistyped, meant) => {
  expect(nearestName(mistyped, known)).toBe(meant);
});

it.each(["", "prot", "seed", "temperature_of_the_room"])("takes %j for no name", (mistyped) => {
  expect(nearestName(mistyped, known)).toBeUndefined();
});

it("knows no name where there is none", () => {
  expect(nearestName("port", [])).toBeUndefined();
});
