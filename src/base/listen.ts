/** Explains in one line why a port could not be opened, and what to change. */
export function listenFailure(
  message: string,
  { host, port, flag }: { readonly host: string; readonly port: number; readonly flag: string },
): string {
  if (message.includes("EADDRINUSE")) {
    return `port ${port} on ${host} is in use; stop what listens there, or choose another with ${flag}`;
  }
  if (message.includes("EACCES"))
    return `port ${port} on ${host} needs more rights; choose one from 1024`;
  return `cannot listen on ${host}: this machine has no such address`;
}
