/** A failed call, as its caller can read it: gRPC's status with what `google.rpc` details add. */
import { type ServiceError, status } from "@grpc/grpc-js";
import type { Duration } from "../../gen/google/protobuf/duration.ts";
import { errorDetails } from "./error-details.ts";
import type { Proxy } from "./proxy.ts";

/** Says in one line what went wrong and what to do, and below it each field that is wrong. */
export class CallError extends Error {
  override readonly name = "CallError";

  /** `proxy`: the one that the connection goes through. */
  constructor(error: ServiceError, address: string, proxy?: Proxy) {
    super(describe(error, address, proxy), { cause: error });
  }
}

export function isServiceError(thrown: unknown): thrown is ServiceError {
  return thrown instanceof Error && "code" in thrown && "details" in thrown && "metadata" in thrown;
}

function describe(error: ServiceError, address: string, proxy: Proxy | undefined): string {
  const { reason, fields, retryDelay } = errorDetails(error.metadata);
  // Without a reason it is no answer of this server's: then what lies on the way has a part in it.
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
  // The one field that is wrong is often told in the message already.
  const untold = fields.filter(
    ({ field, description }) => !tells(error.details, field, description),
  );
  return [head, ...untold.map(({ field, description }) => `  ${field}: ${description}`)].join("\n");
}

/** What grpc-js says where no connection came to be; of one that a proxy refuses it knows no error. */
const unreached = /ECONNREFUSED|ENOENT|ENOTFOUND|Last error: (undefined|null)\b/;

const describeProxy = ({ address, variable }: Proxy): string =>
  `the proxy ${address}, which ${variable} names`;

/** A server cuts a long description, and ends it with an ellipsis then. */
function tells(message: string, field: string, description: string): boolean {
  const told = `${field} ${description}`;
  return message === told || (told.endsWith("…") && message.startsWith(told.slice(0, -1)));
}

export function seconds(duration: Duration): number {
  return Number(duration.seconds) + duration.nanos / 1e9;
}
