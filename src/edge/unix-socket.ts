/**
 * The path of a server on a Unix domain socket. What a server that was killed has left there is removed. A socket
 * that is listened on, or what is no socket, is kept.
 */
import { chmodSync, lstatSync, statSync, unlinkSync } from "node:fs";
import { connect } from "node:net";
import { dirname } from "node:path";
import { umask } from "node:process";

/** A longer path cannot be bound; Linux takes four bytes more than macOS and BSD. */
const mostPathBytes = 103;

/** For its owner alone: a process that may connect may call. */
const mode = 0o600;

/** Frees the path. Rejects with one line where it cannot. */
export async function freeSocketPath(path: string): Promise<void> {
  if (path === "") throw new Error("--host unix: needs the path of a socket");
  if (Buffer.byteLength(path) > mostPathBytes) {
    throw new Error(`--host unix: takes a path of at most ${mostPathBytes} bytes`);
  }
  if (statSync(dirname(path), { throwIfNoEntry: false })?.isDirectory() !== true) {
    throw new Error(`cannot listen on ${path}: its folder does not exist`);
  }
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) return;
  if (!found.isSocket()) {
    throw new Error(`${path} is no socket; remove it, or choose another path with --host`);
  }
  if (await isListenedOn(path)) {
    throw new Error(`another server listens on ${path}; stop it, or choose another with --host`);
  }
  unlinkSync(path);
}

/** Binds by `bind`; no moment passes in which others than the owner may connect. */
export async function bindPrivately<T>(path: string, bind: () => Promise<T>): Promise<T> {
  const before = umask(0o777 & ~mode);
  try {
    const bound = await bind();
    chmodSync(path, mode);
    return bound;
  } finally {
    umask(before);
  }
}

function isListenedOn(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    const end = (listens: boolean): void => {
      socket.destroy();
      resolve(listens);
    };
    // One that may not be asked, or has no room for another connection, has a listener too.
    socket.once("connect", () => end(true));
    socket.once("error", (error: NodeJS.ErrnoException) => end(error.code !== "ECONNREFUSED"));
  });
}
