import { status } from "@grpc/grpc-js";
import { failures, type Reason } from "../../src/base/errors.ts";
import type { Ending } from "../grpc/raw.ts";
import type { Case } from "./cases.ts";
import { itemErrors } from "./item-errors.ts";
import { planted } from "./keys.ts";

/** What no error may carry: what a caller said or is known by, where the server lies, how it is made. */
const secrets: readonly (readonly [what: string, pattern: RegExp])[] = [
  ["what the caller sent or is known by", planted],
  ["a path", /(?:^|[\s"'(:=])\/(?:home|root|tmp|usr|var|work|opt|proc|Users)\//],
  ["a stack", /\bat .*\(?[\w./-]+:\d+:\d+|\bat (?:async )?[\w.<>]+ \(/],
  ["a module", /node_modules|node:internal|\.ts\b|file:\/\//],
];

/** Why a single text may fail. One that is the server's own fault must not hide in a good answer. */
const itemReasons: ReadonlySet<string> = new Set<Reason>(["INPUT_TOO_LONG"]);

/** What is wrong with how a call ended; empty where all is well. */
export function faultsOf(call: Case, end: Ending): readonly string[] {
  if (call.cancels) return [];
  const leaks = secrets
    .filter(([, pattern]) => pattern.test(end.said) && !isName(pattern, end))
    .map(([what]) => `tells ${what}`);
  const door = doorFault(call, end);
  return [
    ...statusFaults(call, end),
    ...leaks,
    ...itemFaults(call, end),
    ...(door === undefined ? [] : [door]),
  ];
}

/** What a call may end with that was not let in: nothing that its request says can matter. */
const outside: ReadonlySet<string> = new Set<Reason>([
  ...(["NO_CREDENTIAL", "CREDENTIAL_INVALID", "NOT_ALLOWED", "METHOD_UNKNOWN"] as const),
  ...(["TIMEOUT_INVALID", "ENCODING_UNKNOWN", "DEADLINE_PASSED", "CALLER_GONE"] as const),
  ...(["HTTP_METHOD_WRONG", "CONTENT_TYPE_UNKNOWN"] as const),
]);
/** What a right key never ends with. */
const unknown: ReadonlySet<string> = new Set<Reason>(["NO_CREDENTIAL", "CREDENTIAL_INVALID"]);

/** Whether a call came past the door that may not, or stayed outside that may come in. */
function doorFault({ admission }: Case, { code, details, body }: Ending): string | undefined {
  const reason = details?.reason ?? "";
  switch (admission) {
    case "in":
      return unknown.has(reason) ? `has a right key, and ends with ${reason}` : undefined;
    case "out":
      if (code === 0 || body.length > 0) return "is answered without a right key";
      return code === undefined || outside.has(reason)
        ? undefined
        : `has no right key, and ends with ${reason || "no reason"}`;
    case "any":
      return undefined;
  }
}

/** An error of one text stands in an answer that went well, and is told to the same caller. */
function itemFaults({ path }: Case, { body }: Ending): readonly string[] {
  return itemErrors(path, body).flatMap(({ reason, message }) => [
    ...(itemReasons.has(reason) ? [] : [`has an item with the reason ${reason || "none"}`]),
    ...secrets
      .filter(([, pattern]) => pattern.test(message))
      .map(([what]) => `tells ${what} in an item's error`),
  ]);
}

/** Damage can make a model's name of what stood beside it, and names may be told back. */
function isName(pattern: RegExp, { details }: Ending): boolean {
  return details?.reason === "MODEL_NOT_FOUND" && pattern.test(details.facts["model"] ?? "");
}

function statusFaults(call: Case, { code, details, reset }: Ending): readonly string[] {
  if (code === undefined) return call.isBelowGrpc ? [] : [`has no status, and reset ${reset}`];
  const name = status[code] ?? "no code";
  if (name === "OK") return [];
  const reason = details?.reason ?? "";
  if (isServersFault(call, name, reason)) return [`ends with ${name} (${reason})`];
  if (!Object.hasOwn(failures, reason))
    return [`ends with ${name} and the reason ${reason || "none"}`];
  // It is in the table: the line above asks.
  const expected = failures[reason as Reason].code;
  return expected === name ? [] : [`ends with ${name}, but ${reason} is ${expected}`];
}

/** Of the ends by INTERNAL, the gRPC protocol asks for one. */
function isServersFault(call: Case, name: string, reason: string): boolean {
  if (reason === "COMPRESSED_FLAG_WRONG" && hasWrongFlag(call)) return false;
  return name === "INTERNAL" || name === "UNKNOWN";
}

/** Whether a message's flag byte is no flag, or says that it is compressed where nothing says how. */
function hasWrongFlag({ body, headers }: Case): boolean {
  const isCompressed = (headers["grpc-encoding"] ?? "identity") !== "identity";
  for (let at = 0; at < body.length;) {
    const flag = body.readUInt8(at);
    if (flag > 1 || (flag === 1 && !isCompressed)) return true;
    if (at + 5 > body.length) return false;
    at += 5 + body.readUInt32BE(at + 1);
  }
  return false;
}
