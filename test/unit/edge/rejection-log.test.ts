import { beforeEach, expect, it } from "vitest";
import { type LogFields, silentLog } from "../../../src/base/log.ts";
import { type RefusedCall, silentMeter, unknownMethod } from "../../../src/base/meter.ts";
import { RejectionLog } from "../../../src/edge/rejection-log.ts";
import { FakeClock } from "../../fixtures/fake-clock.ts";

let clock: FakeClock;
let lines: LogFields[];
let counted: RefusedCall[];
let rejections: RejectionLog;

const unknown: RefusedCall = { method: unknownMethod, reason: "METHOD_UNKNOWN" };
const tooMany: RefusedCall = { method: "test.Kinds/Unary", reason: "TOO_MANY_CALLS" };

beforeEach(() => {
  clock = new FakeClock();
  lines = [];
  counted = [];
  rejections = new RejectionLog({
    meter: { ...silentMeter, callRejected: (call) => counted.push(call) },
    log: { ...silentLog, warn: (fields) => lines.push(fields) },
    clock,
  });
});

it("tells of the first at once, and of all that came in ten seconds with one line", () => {
  for (const host of ["a", "b", "c"]) rejections.call(unknown, { host });
  expect(lines).toEqual([{ reason: "METHOD_UNKNOWN", count: 1, host: "a" }]);
  clock.advance(10_000);
  expect(lines.slice(1)).toEqual([{ reason: "METHOD_UNKNOWN", count: 2, host: "c" }]);
});

it("tells of each reason for itself", () => {
  rejections.call(unknown, { host: "a" });
  rejections.call(tooMany, { host: "a" });
  expect(lines.map(({ reason }) => reason)).toEqual(["METHOD_UNKNOWN", "TOO_MANY_CALLS"]);
});

it("tells of a flood with a line in ten seconds, and counts all of it", () => {
  for (let second = 0; second < 100; second += 1) {
    for (let call = 0; call < 100; call += 1) rejections.call(tooMany, { host: "a" });
    clock.advance(1000);
  }
  expect(counted).toHaveLength(10_000);
  expect(lines).toHaveLength(11);
  expect(lines.reduce((sum, { count }) => sum + Number(count), 0)).toBe(10_000);
});

it("tells at its end of those that no line has told of, once", () => {
  for (const host of ["a", "b", "c"]) rejections.call(unknown, { host });
  rejections.call(tooMany, { host: "a" });
  for (let times = 0; times < 2; times += 1) rejections.flush();
  expect(lines.slice(2)).toEqual([{ reason: "METHOD_UNKNOWN", count: 2, host: "c" }]);
});

it("waits for nothing once it was quiet for ten seconds", () => {
  rejections.call(tooMany, { host: "a" });
  clock.advance(10_000);
  expect(clock.waits).toEqual([]);
  rejections.call(tooMany, { host: "b" });
  expect(lines).toHaveLength(2);
});

it("leaves the line of a call to the audit, where that has one", () => {
  rejections.auditedCall({ method: "test.Kinds/Unary", reason: "NO_CREDENTIAL" });
  expect(lines).toEqual([]);
  expect(counted).toEqual([{ method: "test.Kinds/Unary", reason: "NO_CREDENTIAL" }]);
});
