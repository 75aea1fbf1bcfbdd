import { type ServerInterceptor, type ServerListener, status } from "@grpc/grpc-js";
import { expect, it } from "vitest";
import { explainRefusals } from "../../../src/grpc/refusals.ts";

type Call = Parameters<ServerInterceptor>[1];
type Method = Parameters<ServerInterceptor>[0];

/** A call of grpc-js that ends by itself, with its caller's request complete or not; gives what was noted. */
function notedOf(code: status, how: { requestStream: boolean; isComplete: boolean }): string[] {
  const noted: string[] = [];
  let listener: Partial<ServerListener> = {};
  const call = {
    getPeer: () => "10.0.0.7:4711",
    sendStatus: () => undefined,
    start: (given: ServerListener) => (listener = given),
  } as unknown as Call;
  const note = (reason: string, host: string | undefined) => noted.push(`${reason} of ${host}`);
  const method = { requestStream: how.requestStream } as Method;
  const explained = explainRefusals({ note })(method, call);
  explained.start({
    onReceiveMetadata: () => undefined,
    onReceiveMessage: () => undefined,
    onReceiveHalfClose: () => undefined,
    onCancel: () => undefined,
  });
  if (how.isComplete) listener.onReceiveHalfClose?.(() => undefined);
  call.sendStatus({ code, details: "" });
  return noted;
}

const deadline = status.DEADLINE_EXCEEDED;

it.each([
  ["a deadline before the request", deadline, false, false, ["DEADLINE_PASSED of 10.0.0.7"]],
  ["a deadline once a handler runs", deadline, false, true, []],
  ["a deadline of a stream, whose handler runs from the headers on", deadline, true, false, []],
  ["a failure to write what a handler gave", status.INTERNAL, false, true, []],
  [
    "a message too large in a stream",
    status.RESOURCE_EXHAUSTED,
    true,
    false,
    ["MESSAGE_TOO_LARGE of 10.0.0.7"],
  ],
])("notes of %s what no handler sees", (_, code, requestStream, isComplete, noted) => {
  expect(notedOf(code, { requestStream, isComplete })).toEqual(noted);
});
