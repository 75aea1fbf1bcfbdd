/** Standard error of a server: written at once, and never waited for. */
import { writeSync } from "node:fs";
import { LineWriter, type LineWriterOptions } from "../../../base/line-writer.ts";

/** Some thousands of lines. */
const maxBytes = 1024 * 1024;
const retryMs = 20;
/** A process that ends asks so many times more, for half a second in all. */
const lastTries = 25;

/** Opens it, once in a process. */
export function openStandardError(recovered: LineWriterOptions["recovered"]): LineWriter {
  // Node makes a pipe or a socket non-blocking when it opens the stream for it, and that is what tells a full
  // one. Files always take all; a terminal that somebody has stopped is waited for.
  const { fd } = process.stderr;
  const writer = new LineWriter({
    writeSome: (bytes) => writeSome(fd, bytes),
    maxBytes,
    soon: (call) => void setTimeout(call, retryMs).unref(),
    recovered,
  });
  process.on("exit", () => {
    for (let tries = 0; tries < lastTries && !writer.flush(); tries++) sleep(retryMs);
  });
  return writer;
}

function writeSome(fd: number, bytes: Uint8Array): number {
  try {
    return writeSync(fd, bytes);
  } catch (thrown) {
    if (thrown instanceof Error && "code" in thrown && thrown.code === "EAGAIN") return 0;
    throw thrown;
  }
}

/** Stops the thread: at a process's end, nothing else is left for it to do. */
function sleep(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}
