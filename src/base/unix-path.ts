/** Unix domain sockets in gRPC's notation: `unix:/path`, `unix:///path`, `unix:relative`. */
import { resolve } from "node:path";

/** The path of such an address as written. Undefined for other addresses. */
export function unixPathOf(address: string): string | undefined {
  if (!address.startsWith("unix:")) return undefined;
  return address.replace(/^unix:(\/\/(?=\/))?/, "");
}

/** The same address with an absolute path. Other addresses are unchanged. */
export function absoluteAddress(address: string, folder: string): string {
  const path = unixPathOf(address);
  return path === undefined ? address : `unix:${resolve(folder, path)}`;
}
