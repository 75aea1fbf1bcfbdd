import type { Readable } from "node:stream";

/** The longest printed line that is passed on, in characters. */
const longestLine = 2000;

/** Passes on the lines that a process prints, cut to `longestLine`: a line without end costs no memory. */
export function readLines(stream: Readable, listener: (line: string) => void): void {
  let rest = "";
  const pass = (line: string): void => {
    if (line !== "") listener(line.slice(0, longestLine));
  };
  // A broken pipe only means that nothing more will be printed.
  stream.on("error", () => undefined);
  stream.on("end", () => pass(rest));
  stream.setEncoding("utf8").on("data", (chunk: string) => {
    const lines = (rest + chunk).split("\n");
    rest = (lines.pop() ?? "").slice(0, longestLine);
    for (const line of lines) pass(line);
  });
}
