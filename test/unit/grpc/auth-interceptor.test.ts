import { expect, it } from "vitest";
import { hostOf } from "../../../src/grpc/auth-interceptor.ts";

it.each([
  ["127.0.0.1:5000", "127.0.0.1"],
  ["::1:5000", "::1"],
  ["::ffff:10.0.0.1:5000", "::ffff:10.0.0.1"],
  ["unknown", "unknown"],
])("knows a caller at %s by the host %s, whatever the port", (peer, host) => {
  expect(hostOf(peer)).toBe(host);
});
