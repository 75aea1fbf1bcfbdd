import { expect, it } from "vitest";
import { CallOptions } from "../../../gen/inferd/v1/types.ts";
import type { CallContext, CallRecord } from "../../../src/calls/call.ts";
import { openPermit } from "../../../src/auth/authorizer.ts";
import { cacheScopeOf, noteCall, originOf } from "../../../src/services/origin.ts";

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

it("hands a job its call's place in a trace, where it has one", () => {
  const context: CallContext = {
    method: "m",
    requestId: "r",
    traceparent: undefined,
    signal: AbortSignal.abort(),
    abort: () => undefined,
    deadline: Infinity,
    arrivedAt: 0,
    peer: "127.0.0.1",
    caller: openPermit("127.0.0.1"),
    record: {},
  };
  const traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
  expect(originOf({ ...context, traceparent }, undefined)).toMatchObject({ traceparent });
  expect(originOf(context, undefined)).not.toHaveProperty("traceparent");
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
