import { type ServerInterceptor, status } from "@grpc/grpc-js";
import { expect, it } from "vitest";
import { explainRefusals } from "../../../src/grpc/workarounds/library-status.ts";

type Call = Parameters<ServerInterceptor>[1];
type Method = Parameters<ServerInterceptor>[0];

interface Case {
  readonly what: string;
  readonly code: status;
  readonly hasBegun?: boolean;
  readonly stream?: { readonly destroyed?: boolean; readonly closed?: boolean };
  readonly told: readonly string[];
}

/** What is told of a call that grpc-js ends on its own. */
function toldOf({ code, hasBegun = false, stream = {} }: Case): string[] {
  const told: string[] = [];
  const call = { stream, metadata: {}, sendStatus: () => undefined } as unknown as Call;
  const accounts = {
    abort: (_: unknown, { reason }: { readonly reason: string }) => {
      if (hasBegun) told.push(`${reason} to its handler`);
      return hasBegun;
    },
    refused: (_: unknown, reason: string) => told.push(`${reason} as refused`),
  };
  const streams = { note: () => undefined };
  const requestIds = { of: () => "request-1" };
  const explained = explainRefusals({ accounts, streams, requestIds })({} as Method, call);
  explained.sendStatus({ code, details: "" });
  return told;
}

const { DEADLINE_EXCEEDED, RESOURCE_EXHAUSTED, INTERNAL } = status;

it.each<Case>([
  {
    what: "a deadline before its method begins",
    code: DEADLINE_EXCEEDED,
    told: ["DEADLINE_PASSED as refused"],
  },
  {
    what: "a deadline while a handler runs",
    code: DEADLINE_EXCEEDED,
    hasBegun: true,
    told: ["DEADLINE_PASSED to its handler"],
  },
  {
    what: "a message too large before its method begins",
    code: RESOURCE_EXHAUSTED,
    told: ["MESSAGE_TOO_LARGE as refused"],
  },
  {
    what: "a message too large in a stream, whose handler runs from the headers on",
    code: RESOURCE_EXHAUSTED,
    hasBegun: true,
    told: ["MESSAGE_TOO_LARGE to its handler"],
  },
  {
    what: "a message too large of a caller who has gone",
    code: RESOURCE_EXHAUSTED,
    stream: { destroyed: true },
    told: [],
  },
])("a call that grpc-js ends is told of once: $what", (each) => {
  expect(toldOf(each)).toEqual(each.told);
});

it("a failure to write what a handler gave ends no handler: often its caller has just gone", () => {
  const failed = { what: "", code: INTERNAL, hasBegun: true, told: [] };
  // That nothing is counted of a call whose handler has begun, the accounts see to.
  expect(toldOf(failed)).toEqual(["INTERNAL as refused"]);
});
