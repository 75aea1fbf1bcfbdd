import type { EngineHost } from "../engine.ts";
import type { Calls } from "./calls.ts";
import type { Head } from "./frames.ts";
import type { Output } from "./output.ts";

/** What both families of jobs need. */
export interface WorkParts {
  readonly host: Pick<EngineHost, "now" | "log">;
  readonly output: Output;
  readonly calls: Calls;
  /** False for a frame that is longer than the protocol allows: it was not sent. */
  readonly send: (head: Head, body?: Buffer) => boolean;
}
