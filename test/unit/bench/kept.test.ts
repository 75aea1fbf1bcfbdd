import { afterEach, expect, it, vi } from "vitest";
import { beginKept } from "../../../bench/lib/kept.ts";

const about = { name: "long", title: "Long", method: "By waiting." };

afterEach(() => void vi.unstubAllEnvs());

it("a result is kept where its make target asks for it, and not by a test as such", () => {
  vi.stubEnv("INFERD_KEEP_RESULTS", undefined);
  expect(beginKept(about, "make long")).toBeUndefined();
  vi.stubEnv("INFERD_KEEP_RESULTS", "1");
  expect(beginKept(about, "make long")).toBeDefined();
});
