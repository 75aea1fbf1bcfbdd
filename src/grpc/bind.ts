import type { Server, ServerCredentials } from "@grpc/grpc-js";
import type { Bind } from "../edge/listen.ts";

/** Binds a server of grpc-js, which resolves names and binds each of their addresses. */
export function bindWith(server: Server, credentials: ServerCredentials): Bind {
  return (address) =>
    new Promise((resolve, reject) => {
      server.bindAsync(address, credentials, (error, bound) => {
        if (error === null) resolve(bound);
        else reject(error);
      });
    });
}
