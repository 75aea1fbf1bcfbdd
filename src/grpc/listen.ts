import { isIPv6 } from "node:net";
import type { Server, ServerCredentials } from "@grpc/grpc-js";
import { listenFailure } from "../base/listen.ts";
import { unixPathOf } from "../base/unix-path.ts";
import { bindPrivately, freeSocketPath } from "./unix-socket.ts";

export interface Place {
  /** Or `unix:` and a path, which needs no port. */
  readonly host: string;
  readonly port: number;
  /** The flag that chooses the port, for the error. */
  readonly flag: string;
}

/** Opens a port, and returns which: 0 for a Unix domain socket. Fails with one line that says why. */
export async function listen(
  server: Server,
  place: Place,
  credentials: ServerCredentials,
): Promise<number> {
  const path = unixPathOf(place.host);
  if (path === undefined) return listenOnPort(server, place, credentials);
  await freeSocketPath(path);
  await bindPrivately(path, () => bind(server, `unix:${path}`, credentials)).catch(
    (cause: unknown) => {
      throw new Error(`cannot listen on ${path}: ${reasonOf(messageOf(cause))}`, { cause });
    },
  );
  return 0;
}

/** What libuv says; a folder that does not exist was told before. */
function reasonOf(message: string): string {
  if (message.includes("EACCES")) return "its folder lets this user make no files";
  return /E[A-Z]{4,}/.exec(message)?.[0] ?? "it cannot be made";
}

const messageOf = (thrown: unknown): string => (thrown instanceof Error ? thrown.message : "");

async function listenOnPort(
  server: Server,
  { host, port, flag }: Place,
  credentials: ServerCredentials,
): Promise<number> {
  const address = `${isIPv6(host) ? `[${host}]` : host}:${port}`;
  return bind(server, address, credentials).catch((cause: unknown) => {
    throw new Error(listenFailure(messageOf(cause), { host, port, flag }), { cause });
  });
}

function bind(server: Server, address: string, credentials: ServerCredentials): Promise<number> {
  return new Promise((resolve, reject) => {
    server.bindAsync(address, credentials, (error, bound) => {
      if (error === null) resolve(bound);
      else reject(error);
    });
  });
}
