import type { Metadata, ServerInterceptor } from "@grpc/grpc-js";
import { expect, it } from "vitest";
import { openPermit } from "../../../src/auth/authorizer.ts";
import { AuthInterceptor, hostOf } from "../../../src/grpc/auth-interceptor.ts";

type Call = Parameters<ServerInterceptor>[1];
type Method = Parameters<ServerInterceptor>[0];
type Listener = Parameters<Call["start"]>[0];

it.each([
  ["127.0.0.1:5000", "127.0.0.1"],
  ["::1:5000", "::1"],
  ["::ffff:10.0.0.1:5000", "::ffff:10.0.0.1"],
  ["unknown", "unknown"],
])("knows a caller at %s by the host %s, whatever the port", (peer, host) => {
  expect(hostOf(peer)).toBe(host);
});

/** What a handler hears of a call that is let in, and what grpc-js tells. */
function opened() {
  const heard: string[] = [];
  let told: Listener | undefined;
  const call = {
    stream: {},
    start: (listener: Listener) => (told = listener),
    getPeer: () => "127.0.0.1:1",
    getAuthContext: () => ({}),
  } as unknown as Call;
  const { interceptor } = new AuthInterceptor({
    authorizer: {
      admit: () =>
        Promise.resolve({ ...openPermit("127.0.0.1"), end: () => void heard.push("permit ended") }),
    },
    accounts: { isComing: () => true, refusedByAuth: () => undefined },
    requestIds: { of: () => "request-1" },
    rejectedUnauthenticated: () => undefined,
  });
  const handler: Listener = {
    onReceiveMetadata: () => void heard.push("metadata"),
    onReceiveMessage: () => void heard.push("message"),
    onReceiveHalfClose: () => void heard.push("end of the request"),
    onCancel: () => void heard.push("end"),
  };
  interceptor({ path: "/a.B/C" } as Method, call).start(handler);
  if (told === undefined) throw new Error("the call was not started");
  return { heard, told };
}

const metadata = { get: () => [], remove: () => undefined } as unknown as Metadata;
const turn = () => new Promise((resolve) => setImmediate(resolve));

it("passes a call on once its caller is let in, and ends the permit with it", async () => {
  const { heard, told } = opened();
  told.onReceiveMetadata(metadata);
  expect(heard).toEqual([]);
  await turn();
  told.onReceiveMessage("x");
  told.onReceiveHalfClose();
  told.onCancel();
  expect(heard).toEqual(["metadata", "message", "end of the request", "permit ended", "end"]);
});

it("begins no handler of a call that is over, whatever is still read of it", async () => {
  const { heard, told } = opened();
  told.onReceiveMetadata(metadata);
  await turn();
  told.onCancel();
  told.onReceiveMessage("x");
  told.onReceiveHalfClose();
  expect(heard).toEqual(["metadata", "permit ended", "end"]);
});

it("lets a permit go that comes after the end of its call", async () => {
  const { heard, told } = opened();
  told.onReceiveMetadata(metadata);
  told.onCancel();
  await turn();
  expect(heard).toEqual(["end", "permit ended"]);
});
