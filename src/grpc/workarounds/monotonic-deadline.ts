/**
 * grpc-js 1.14.7 states a call's deadline by the wall clock, which may be set while a request arrives. So it is
 * read at the headers, in the moment that it is made, and stated by `performance.now()` from then on.
 * Tested in test/grpc/wall-clock.test.ts.
 */
import type { ServerInterceptor } from "@grpc/grpc-js";
import { wallMs } from "../../base/clock.ts";
import { sameCall } from "./inner-call.ts";

/** In place: every `getDeadline` above asks this one, and grpc-js's own timer asks none. */
export const monotonicDeadline: ServerInterceptor = (_, call) => {
  const deadline = performance.now() + (Number(call.getDeadline()) - wallMs());
  call.getDeadline = () => deadline;
  return sameCall(call);
};
