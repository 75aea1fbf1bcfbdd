import { describe, expect, it } from "vitest";
import { timeoutOf } from "../../../src/grpc/timeout.ts";

describe("a timeout", () => {
  it.each([
    ["1S", "1000m"],
    ["500m", "500m"],
    ["1u", "1m"],
    ["1500u", "2m"],
    ["999999n", "1m"],
    ["99999999u", "100000m"],
    ["0m", "0m"],
    ["27H", "97200000m"],
    ["28H", "100800S"],
    ["596H", "2145600S"],
    ["2147483S", "2147483S"],
  ])("of %s becomes %s, which grpc-js can count", (given, header) => {
    expect(timeoutOf(given, Infinity)).toEqual({ kind: "some", header });
  });

  it.each(["597H", "2592000S", "99999999H", "99999999M"])(
    "of %s is none: it is further away than any timer",
    (given) => {
      expect(timeoutOf(given, Infinity)).toEqual({ kind: "none" });
    },
  );

  it.each(["soon", "1", "", "-1S", "1.5S", "123456789S", "1S ", "1X"])(
    "of %j is refused",
    (given) => {
      expect(timeoutOf(given, Infinity)).toEqual({ kind: "invalid" });
    },
  );

  it("is at most the server's", () => {
    expect(timeoutOf("1H", 2000)).toEqual({ kind: "some", header: "2000m" });
    expect(timeoutOf("1S", 2000)).toEqual({ kind: "some", header: "1000m" });
  });

  it("is the server's where the caller states none", () => {
    expect(timeoutOf(undefined, 2000)).toEqual({ kind: "some", header: "2000m" });
    expect(timeoutOf(undefined, Infinity)).toEqual({ kind: "none" });
  });
});
