/** A failed call as its client reads it: the gRPC status and the `google.rpc` details. */
import { type ServiceError, status } from "@grpc/grpc-js";
import type { Duration } from "../../gen/google/protobuf/duration.ts";
import { errorDetails } from "./error-details.ts";
import type { Proxy } from "./proxy.ts";

/** Says in one line what went wrong and what to do, and below it lists each wrong field. */
export class CallError extends Error {
  override readonly name = "CallError";

  /** `proxy`: the proxy of the connection, if any. */
  constructor(error: ServiceError, address: string, proxy?: Proxy) {
    super(describe(error, address, proxy), { cause: error });
  }
}

export function isServiceError(thrown: unknown): thrown is ServiceError {
  return thrown instanceof Error && "code" in thrown && "details" in thrown && "metadata" in thrown;
}

function describe(error: ServiceError, address: string, proxy: Proxy | undefined): string {
  const { reason, fields, retryDelay } = errorDetails(error.metadata);
  // Without a reason, the response is not from inferd. Then a proxy may have sent it.
  const way = reason === undefined ? proxy : undefined;
  if (error.code === status.UNAVAILABLE && reason === undefined && unreached.test(error.details)) {
    return way === undefined
      ? `no server answers at ${address}; start one with "inferd serve", or name it with --address`
      : `no server answers at ${address} through ${describeProxy(way)}; add the host to no_proxy to connect without it`;
  }
  const code = status[error.code];
  const retry = retryDelay === undefined ? "" : `; try again in ${seconds(retryDelay)} s`;
  const through = way === undefined ? "" : `; the connection goes through ${describeProxy(way)}`;
  const head = `${code}${reason === undefined ? "" : ` (${reason})`}: ${error.details}${retry}${through}`;
  // A single wrong field is often in the message already.
  const untold = fields.filter(
    ({ field, description }) => !tells(error.details, field, description),
  );
  return [head, ...untold.map(({ field, description }) => `  ${field}: ${description}`)].join("\n");
}

/** What grpc-js reports if no connection was established. It has no error of its own for a proxy's rejection. */
const unreached = /ECONNREFUSED|ENOENT|ENOTFOUND|Last error: (undefined|null)\b/;

const describeProxy = ({ address, variable }: Proxy): string =>
  `the proxy ${address}, which ${variable} names`;

/** A server shortens a long description and ends it with an ellipsis. */
function tells(message: string, field: string, description: string): boolean {
  const told = `${field} ${description}`;
  return message === told || (told.endsWith("…") && message.startsWith(told.slice(0, -1)));
}

export function seconds(duration: Duration): number {
  return Number(duration.seconds) + duration.nanos / 1e9;
}
