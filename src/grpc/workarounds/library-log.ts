/**
 * grpc-js 1.14.7 writes to standard error, has one logger for the whole process, and quotes the value of a header
 * that it drops. Tested in test/unit/grpc/library-log.test.ts.
 */
import { setLogger } from "@grpc/grpc-js";
import type { Log } from "../../base/log.ts";

export function logThrough(log: Log): void {
  const write = (...said: unknown[]): void =>
    log.debug({ said: withoutValues(said.map(String).join(" ")) }, "grpc-js");
  setLogger({ error: write, info: write, debug: write });
}

// Of a header that it drops, grpc-js writes all that it held: a key with one letter too many is nearly a key.
const dropped = /^(Failed to add metadata entry) .*$/s;

function withoutValues(said: string): string {
  return said.replace(dropped, "$1: its value has characters that metadata may not have");
}
