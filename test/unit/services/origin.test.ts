import { expect, it } from "vitest";
import { CallOptions } from "../../../gen/inferd/v1/types.ts";
import type { CallRecord } from "../../../src/calls/call.ts";
import { cacheScopeOf, noteCall } from "../../../src/services/origin.ts";

const optionsOf = (part: Parameters<typeof CallOptions.fromPartial>[0]) =>
  CallOptions.fromPartial(part);

it("puts a call's user and labels into its line, where it has any", () => {
  const recordOf = (part: Parameters<typeof CallOptions.fromPartial>[0]): CallRecord => {
    const record: CallRecord = {};
    noteCall({ record }, optionsOf(part));
    return record;
  };
  expect(recordOf({ user: "u", labels: { team: "a" } })).toEqual({
    user: "u",
    labels: { team: "a" },
  });
  expect(recordOf({ cacheSalt: "secret" })).toEqual({});
});

it("has no two scopes of caller and salt alike", () => {
  const pairs: readonly (readonly [string, string])[] = [
    ["", ""],
    ["key:a", ""],
    ["key:a", "b"],
    ["", 'key:a","b'],
    ["", "key:a"],
    ['key:a","b', ""],
    ['key:a","b', "c"],
  ];
  const scopes = pairs.map(([cacheScope, cacheSalt]) =>
    cacheScopeOf({ cacheScope }, optionsOf({ cacheSalt })),
  );
  expect(new Set(scopes).size).toBe(scopes.length);
  expect(scopes.slice(0, 2)).toEqual(["", "key:a"]);
});
