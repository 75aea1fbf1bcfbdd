/** Unix domain sockets as gRPC names them: `unix:/path`, `unix:///path`, `unix:relative`. */
import { resolve } from "node:path";

/** The path of such an address, as it is written; undefined for other addresses. */
export function unixPathOf(address: string): string | undefined {
  if (!address.startsWith("unix:")) return undefined;
  return address.replace(/^unix:(\/\/(?=\/))?/, "");
}

/** The same address with an absolute path; other addresses as they are. */
export function absoluteAddress(address: string, folder: string): string {
  const path = unixPathOf(address);
  return path === undefined ? address : `unix:${resolve(folder, path)}`;
}
