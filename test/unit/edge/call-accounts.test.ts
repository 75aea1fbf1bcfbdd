import type { ServerHttp2Stream } from "node:http2";
import { beforeEach, expect, it } from "vitest";
import { ServeError } from "../../../src/base/errors.ts";
import { CallAccounts } from "../../../src/edge/call-accounts.ts";

const method = "test.Kinds/Unary";

let told: string[];
let accounts: CallAccounts;

beforeEach(() => {
  told = [];
  accounts = new CallAccounts({
    call: ({ method, reason }, { host }) => told.push(`${method} ${reason} of ${host}`),
    auditedCall: ({ method, reason }) => told.push(`${method} ${reason}, audited`),
  });
});

function streamOf(remoteAddress: string): ServerHttp2Stream {
  return { session: { socket: { remoteAddress } } } as unknown as ServerHttp2Stream;
}

it("counts a call with its method, for the first reason that it is refused for", () => {
  const stream = streamOf("10.0.0.7");
  accounts.came(stream, method, "id");
  accounts.refused(stream, "SLOW_SENDER");
  accounts.refusedByAuth(stream, "NO_CREDENTIAL");
  accounts.refused(stream, "DEADLINE_PASSED");
  expect(told).toEqual([`${method} SLOW_SENDER of 10.0.0.7`]);
});

it("tells calls apart by their streams", () => {
  const streams = [streamOf("10.0.0.7"), streamOf("10.0.0.8")] as const;
  for (const stream of streams) accounts.came(stream, method, "id");
  accounts.refusedByAuth(streams[0], "NO_CREDENTIAL");
  accounts.refused(streams[1], "DEADLINE_PASSED");
  expect(told).toEqual([
    `${method} NO_CREDENTIAL, audited`,
    `${method} DEADLINE_PASSED of 10.0.0.8`,
  ]);
});

it("ends the handler of a call that is refused once its method has begun, and counts nothing", () => {
  const stream = streamOf("10.0.0.7");
  const reasons: string[] = [];
  const slow = new ServeError("SLOW_SENDER", "x");
  accounts.came(stream, method, "id");
  expect(accounts.abort(stream, slow)).toBe(false);
  accounts.began(stream, ({ reason }) => reasons.push(reason));
  expect(accounts.abort(stream, slow)).toBe(true);
  accounts.refused(stream, "SLOW_SENDER");
  expect(reasons).toEqual(["SLOW_SENDER"]);
  expect(told).toEqual([]);
});
