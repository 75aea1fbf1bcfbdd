import { type ServerInterceptor, type ServerListener, status } from "@grpc/grpc-js";
import { expect, it } from "vitest";
import { explainRefusals } from "../../../src/grpc/refusals.ts";

type Call = Parameters<ServerInterceptor>[1];
type Method = Parameters<ServerInterceptor>[0];

interface Case {
  readonly what: string;
  readonly code: status;
  readonly requestStream: boolean;
  /** Whether the caller has ended its request. */
  readonly isComplete: boolean;
  readonly noted: readonly string[];
}

/** What is noted of a call that grpc-js ends by itself. */
function notedOf({ code, requestStream, isComplete }: Case): string[] {
  const noted: string[] = [];
  let listener: Partial<ServerListener> = {};
  const call = {
    stream: {},
    sendStatus: () => undefined,
    start: (given: ServerListener) => (listener = given),
  } as unknown as Call;
  const refused = (_: unknown, reason: string) => noted.push(reason);
  const method = { requestStream } as Method;
  const explained = explainRefusals({ refused })(method, call);
  explained.start({
    onReceiveMetadata: () => undefined,
    onReceiveMessage: () => undefined,
    onReceiveHalfClose: () => undefined,
    onCancel: () => undefined,
  });
  if (isComplete) listener.onReceiveHalfClose?.(() => undefined);
  call.sendStatus({ code, details: "" });
  return noted;
}

const deadline = status.DEADLINE_EXCEEDED;

const unary = { requestStream: false, isComplete: false, noted: [] };

it.each<Case>([
  {
    ...unary,
    what: "a deadline before the request",
    code: deadline,
    noted: ["DEADLINE_PASSED"],
  },
  { ...unary, what: "a deadline once a handler runs", code: deadline, isComplete: true },
  {
    ...unary,
    what: "a deadline of a stream, whose handler runs from the headers on",
    code: deadline,
    requestStream: true,
  },
  {
    ...unary,
    what: "a failure to write what a handler gave",
    code: status.INTERNAL,
    isComplete: true,
  },
  {
    ...unary,
    what: "a message too large in a stream",
    code: status.RESOURCE_EXHAUSTED,
    requestStream: true,
    noted: ["MESSAGE_TOO_LARGE"],
  },
])("what no handler sees is noted: $what", (each) => {
  expect(notedOf(each)).toEqual(each.noted);
});
