import { isIPv6 } from "node:net";
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

/** Opens an address, such as `[::1]:50051` or `unix:/path`, and gives its port: 0 for a Unix domain socket. */
export type Bind = (address: string) => Promise<number>;

/** Opens a port, and returns which: 0 for a Unix domain socket. Fails with one line that says why. */
export async function listen(place: Place, bind: Bind): Promise<number> {
  const path = unixPathOf(place.host);
  if (path === undefined) return listenOnPort(place, bind);
  await freeSocketPath(path);
  await bindPrivately(path, () => bind(`unix:${path}`)).catch((cause: unknown) => {
    throw new Error(`cannot listen on ${path}: ${reasonOf(messageOf(cause))}`, { cause });
  });
  return 0;
}

/** What libuv says; a folder that does not exist was told before. */
function reasonOf(message: string): string {
  if (message.includes("EACCES")) return "its folder lets this user make no files";
  return /E[A-Z]{4,}/.exec(message)?.[0] ?? "it cannot be made";
}

const messageOf = (thrown: unknown): string => (thrown instanceof Error ? thrown.message : "");

async function listenOnPort({ host, port, flag }: Place, bind: Bind): Promise<number> {
  const address = `${isIPv6(host) ? `[${host}]` : host}:${port}`;
  return bind(address).catch((cause: unknown) => {
    throw new Error(listenFailure(messageOf(cause), { host, port, flag }), { cause });
  });
}
