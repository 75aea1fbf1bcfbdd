/** Standard error of a server: written at once, without waiting. */
import { writeSync } from "node:fs";
import { LineWriter, type LineWriterOptions } from "../../../base/line-writer.ts";

/** Some thousands of lines. */
const maxBytes = 1024 * 1024;
const retryMs = 20;
/** Retries of a process that ends, half a second in all. */
const lastTries = 25;

/** Opens it, once per process. */
export function openStandardError(recovered: LineWriterOptions["recovered"]): LineWriter {
  // Node makes a pipe or a socket non-blocking when it opens the stream, so that a full one can be detected. Files
  // never block. A terminal whose output is stopped does block.
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

/** Blocks the thread: at the end of a process, nothing else is left to do. */
function sleep(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}
