import { idleClock } from "../../base/clock.ts";
import type { Environment } from "../../base/environment.ts";
import type { Engine, EngineHost, LoadEngine, ModelSource } from "../engine.ts";
import { type Command, startFault } from "./command.ts";
import { endAlike, exitText, type ProgramExit } from "./ending.ts";
import { ProgramEngine } from "./engine.ts";
import { clipped } from "./errors.ts";
import type { Frame, Head } from "./frames.ts";
import { printLast } from "./last-lines.ts";
import { LineLimit } from "./line-limit.ts";
import { Program, type ProgramEvents } from "./program.ts";
import { protocolVersion, readyOf } from "./ready.ts";

/** In characters: callers are shown it. */
const longestFailure = 2_000;
/** Of the log, in characters: a traceback is one. */
const longestLine = 16_000;

const levels = ["debug", "info", "warn", "error"] as const;

/** Loads a model by starting a program. `end`: what becomes of this process when the program has ended. */
export function loadProgram(
  command: Command,
  environment: Environment,
  end: (exit: ProgramExit) => void = endAlike,
): LoadEngine {
  return (source, host) =>
    new Promise((resolve, reject) => {
      const outcome = { resolve, reject, end };
      const life = new ProgramLife({ command, source, host, outcome });
      const program = new Program({ command, environment, threads: source.threads }, life);
      life.begin(program);
    });
}

interface Outcome {
  readonly resolve: (engine: Engine) => void;
  readonly reject: (error: Error) => void;
  readonly end: (exit: ProgramExit) => void;
}

interface LifeParts {
  readonly command: Command;
  readonly source: ModelSource;
  readonly host: EngineHost;
  readonly outcome: Outcome;
}

/** What comes of a program: an engine when it is ready, or why there is none, and the end of the worker with its own. */
class ProgramLife implements ProgramEvents {
  readonly #parts: LifeParts;
  #program: Program | undefined;
  #engine: ProgramEngine | undefined;
  #hasFailed = false;
  readonly #printed: LineLimit;
  readonly #logged: LineLimit;

  constructor(parts: LifeParts) {
    this.#parts = parts;
    const { host } = parts;
    this.#printed = new LineLimit({ what: "printed", clock: idleClock, host });
    this.#logged = new LineLimit({ what: "logged", clock: idleClock, host });
  }

  begin(program: Program): void {
    this.#program = program;
    program.send(loadHead(this.#parts.source));
  }

  frames(frames: readonly Frame[]): void {
    const work: Frame[] = [];
    for (const frame of frames) {
      if (frame.head.type === "log") this.#log(frame.head);
      else if (this.#engine !== undefined) work.push(frame);
      else if (!this.#hasFailed) this.#load(frame.head);
    }
    this.#engine?.receive(work);
  }

  printed(line: string): void {
    this.#printed.log("info", line);
  }

  broken(why: string): void {
    this.#parts.host.log("error", `the program broke the engine protocol: ${why}; it is ended`);
    if (this.#engine === undefined) this.#fail("the program does not speak the engine protocol");
  }

  refused(code: string): void {
    const { command, host, outcome } = this.#parts;
    const fault = startFault(command, code);
    if (fault !== undefined) {
      this.#fail(fault);
      return;
    }
    host.log("error", `the program could not be started: ${code}`);
    outcome.end({ code: 1, signal: null });
  }

  ended(exit: ProgramExit, lines: readonly string[]): void {
    this.#printed.tell();
    this.#logged.tell();
    // The worker, which has said why, is ended by the server.
    if (this.#hasFailed) return;
    const { host, outcome } = this.#parts;
    const last = lines.at(-1);
    const printed = last === undefined ? "it printed nothing" : `it printed last: ${last}`;
    const when = this.#engine === undefined ? "while it loaded the model" : "while it served";
    host.log("error", `the program ended ${when} (${exitText(exit)}); ${printed}`);
    printLast(lines, () => outcome.end(exit));
  }

  /** Writes what a program has for the log; at `info` where its level is unknown. */
  #log({ level, message }: Head): void {
    const known = levels.find((each) => each === level) ?? "info";
    this.#logged.log(known, clipped(message, longestLine));
  }

  #load(head: Head): void {
    const { source, host } = this.#parts;
    switch (head.type) {
      case "progress":
        host.progress(Number(head["fraction"]));
        return;
      case "failed":
        this.#fail(clipped(head["message"], longestFailure) || "the program could not load it");
        return;
      case "ready":
        this.#ready(head, source);
    }
  }

  #ready(head: Head, source: ModelSource): void {
    const { host, outcome } = this.#parts;
    if (this.#program === undefined) return;
    try {
      this.#engine = new ProgramEngine(readyOf(head, source), this.#program, host);
      outcome.resolve(this.#engine);
    } catch (thrown) {
      this.#fail(thrown instanceof Error ? thrown.message : String(thrown));
    }
  }

  #fail(message: string): void {
    this.#hasFailed = true;
    this.#program?.kill();
    this.#parts.outcome.reject(new Error(message));
  }
}

function loadHead(source: ModelSource): Head {
  const { name, files, options, threads, contextLength = null, maxSequences = null } = source;
  const limits = { context_length: contextLength, max_sequences: maxSequences };
  return {
    type: "load",
    protocol: protocolVersion,
    source: { name, files, options, threads, ...limits },
  };
}
