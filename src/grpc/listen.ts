import { isIPv6 } from "node:net";
import type { Server, ServerCredentials } from "@grpc/grpc-js";
import { mendDeadlines } from "./http2.ts";

export interface Place {
  readonly host: string;
  readonly port: number;
}

/** Opens a port, and returns which. Fails with one line that says why. */
export function listen(
  server: Server,
  { host, port }: Place,
  credentials: ServerCredentials,
): Promise<number> {
  const address = `${isIPv6(host) ? `[${host}]` : host}:${port}`;
  return new Promise((resolve, reject) => {
    server.bindAsync(address, credentials, (error, bound) => {
      if (error === null) {
        mendDeadlines(server);
        resolve(bound);
      } else reject(new Error(listenFailure(error.message, host, port), { cause: error }));
    });
  });
}

function listenFailure(message: string, host: string, port: number): string {
  if (message.includes("EADDRINUSE")) {
    return `port ${port} on ${host} is in use; stop what listens there, or choose another with --port`;
  }
  if (message.includes("EACCES"))
    return `port ${port} on ${host} needs more rights; choose one from 1024`;
  return `cannot listen on ${host}: this machine has no such address`;
}
