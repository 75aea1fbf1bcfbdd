import type { Metadata } from "@grpc/grpc-js";
import type { Caller } from "../calls/call.ts";
import type { OpenCall, OpenCalls } from "../calls/open-calls.ts";
import { traceparentOf } from "../calls/trace-context.ts";
import type { CallAccounts } from "../edge/call-accounts.ts";
import { requestIdHeader } from "../edge/request-ids.ts";
import type { CallStreams } from "./call-streams.ts";

/** What is used of a grpc-js call of any kind. */
export interface AnyCall {
  /** By `performance.now()`: see `workarounds/monotonic-deadline.ts`. */
  getDeadline(): Date | number;
  getPeer(): string;
  readonly metadata: Metadata;
  once(event: "cancelled", listener: () => void): unknown;
}

export interface BeginOptions {
  readonly calls: Pick<OpenCalls, "begin">;
  readonly callerOf: (metadata: Metadata) => Caller;
  readonly streams: Pick<CallStreams, "of">;
  readonly accounts: Pick<CallAccounts, "began">;
}

/** Begins grpc-js's calls as calls of any protocol. */
export function beginWith({ calls, callerOf, streams, accounts }: BeginOptions) {
  return (call: AnyCall, method: string): OpenCall => {
    const { metadata } = call;
    const [requestId = ""] = metadata.get(requestIdHeader);
    const open = calls.begin({
      method,
      requestId: String(requestId),
      traceparent: traceparentOf(metadata.get("traceparent")[0]),
      deadline: Number(call.getDeadline()),
      peer: call.getPeer(),
      caller: callerOf(metadata),
    });
    const stream = streams.of(metadata);
    if (stream !== undefined) accounts.began(stream, open.context.abort);
    // grpc-js emits it after every end, also a good one (grpc-node#2771); also when its own timer for
    // the deadline fires.
    call.once("cancelled", open.disconnect);
    return open;
  };
}
