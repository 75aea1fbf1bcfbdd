import { createServer } from "node:net";

/** A port that nobody has, for a process whose output nobody can read it from. */
export function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const listener = createServer().listen(0, "127.0.0.1", () => {
      const address = listener.address();
      const port = typeof address === "object" && address !== null ? address.port : 0;
      listener.close(() => resolve(port));
    });
  });
}
