import { isIPv6 } from "node:net";
import type { Server, ServerCredentials } from "@grpc/grpc-js";
import { listenFailure } from "../base/listen.ts";

export interface Place {
  readonly host: string;
  readonly port: number;
  /** The flag that chooses the port, for the error. */
  readonly flag: string;
}

/** Opens a port, and returns which. Fails with one line that says why. */
export function listen(
  server: Server,
  { host, port, flag }: Place,
  credentials: ServerCredentials,
): Promise<number> {
  const address = `${isIPv6(host) ? `[${host}]` : host}:${port}`;
  return new Promise((resolve, reject) => {
    server.bindAsync(address, credentials, (error, bound) => {
      if (error === null) resolve(bound);
      else {
        const why = listenFailure(error.message, { host, port, flag });
        reject(new Error(why, { cause: error }));
      }
    });
  });
}
