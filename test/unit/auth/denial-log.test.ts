import { beforeEach, describe, expect, it } from "vitest";
import {
  firstLines,
  mostApart,
  type Denial,
  DenialLog,
  windowMs,
} from "../../../src/auth/denial-log.ts";
import { type Log, type LogFields, silentLog } from "../../../src/base/log.ts";
import { FakeClock } from "../../fixtures/fake-clock.ts";

const denial: Denial = {
  reason: "NO_CREDENTIAL",
  code: "UNAUTHENTICATED",
  method: "inferd.v1.ModelService/ListModels",
  host: "10.0.0.7",
};

let lines: LogFields[];
let clock: FakeClock;
let refusals: DenialLog;

beforeEach(() => {
  lines = [];
  clock = new FakeClock();
  const log: Log = { ...silentLog, warn: (fields) => void lines.push(fields) };
  refusals = new DenialLog({ log, clock });
});

function tell(times: number, parts: Partial<Denial> = {}): void {
  for (let each = 0; each < times; each += 1) refusals.tell({ ...denial, ...parts });
}

describe("the audit of refusals", () => {
  it("tells the first few in a line each, and the others in one", () => {
    tell(20_000);
    expect(lines).toEqual(Array.from({ length: firstLines }, () => ({ audit: true, ...denial })));
    clock.advance(windowMs);
    const { reason, code, host } = denial;
    expect(lines.slice(firstLines)).toEqual([
      { audit: true, reason, code, host, count: 20_000 - firstLines },
    ]);
  });

  it("begins again in each window, and tells nothing in one without refusals", () => {
    tell(1);
    clock.advance(windowMs);
    clock.advance(windowMs);
    expect(lines).toHaveLength(1);
    tell(1);
    expect(lines).toHaveLength(2);
  });

  it("keeps hosts, reasons and callers apart, so that none hides another", () => {
    tell(100);
    tell(1, { host: "10.0.0.8" });
    tell(1, { reason: "NOT_ALLOWED", code: "PERMISSION_DENIED", caller: "key:a" });
    tell(1, { reason: "NOT_ALLOWED", code: "PERMISSION_DENIED", caller: "key:b" });
    expect(lines).toHaveLength(firstLines + 3);
  });

  it("writes and holds no more, however many hosts there are", () => {
    for (let each = 0; each < 100_000; each += 1) tell(1, { host: `2001:db8::${each}` });
    expect(lines).toHaveLength(mostApart);
    clock.advance(windowMs);
    expect(lines.slice(mostApart)).toEqual([
      expect.objectContaining({ host: "others", count: 100_000 - mostApart }),
    ]);
  });

  it("tells at the end what it still had to tell, and waits for nothing more", () => {
    tell(firstLines + 2);
    refusals.flush();
    expect(lines.at(-1)).toMatchObject({ count: 2 });
    expect(clock.waits).toEqual([]);
  });
});
