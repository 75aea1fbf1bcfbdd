import { type ChildProcess, spawn } from "node:child_process";
import process from "node:process";
import type { Duplex, Readable } from "node:stream";
import type { Environment } from "../../base/environment.ts";
import { idleClock } from "../../base/clock.ts";
import { readLines } from "../../base/printed-lines.ts";
import type { Command } from "./command.ts";
import type { ProgramExit } from "./ending.ts";
import { programEnvironment } from "./environment.ts";
import { encodeFrame, type Frame, FrameError, FrameReader, type Head } from "./frames.ts";

/** What is told of a program. */
export interface ProgramEvents {
  /** Frames that came together. */
  frames(frames: readonly Frame[]): void;
  /** A line that it printed. */
  printed(line: string): void;
  /** It said what is no frame of the protocol, and is ended. */
  broken(why: string): void;
  /** The system did not start it. Nothing comes after. */
  refused(code: string): void;
  /** It has ended; its lines were printed. Nothing comes after. */
  ended(exit: ProgramExit, lastLines: readonly string[]): void;
}

export interface ProgramOptions {
  readonly command: Command;
  readonly environment: Environment;
  readonly threads: number;
}

/** Lines that are kept for the moment when it ends. */
const keptLines = 8;
/** For what it has started to close its output, which is killed with it but where it has left the group. */
const drainMs = 300;
/** From the end of its words to the end of its process. */
const silenceMs = 1_000;
const closeMs = 2_000;

/** Owns one process that speaks the protocol, and the group of all that it starts. */
export class Program {
  readonly #events: ProgramEvents;
  readonly #child: ChildProcess;
  readonly #reader = new FrameReader();
  #lastLines: readonly string[] = [];
  #isCorked = false;
  #hasEnded = false;
  #isClosing = false;
  #closed: () => void = () => undefined;
  readonly #kill = (): void => this.kill();

  constructor({ command, environment, threads }: ProgramOptions, events: ProgramEvents) {
    this.#events = events;
    // A session of its own: what it starts can be ended with it, and a terminal's signals do not reach it.
    const child = spawn(command.file, [...command.args], {
      detached: true,
      stdio: ["ignore", "pipe", "pipe", "pipe", "pipe"],
      env: programEnvironment(environment, threads),
    });
    this.#child = child;
    child.on("error", (error) => {
      if (child.pid === undefined) this.#refused(error);
    });
    // Undefined, whatever their type says, where the process could not be started.
    for (const stream of [child.stdout, child.stderr] as (Readable | null | undefined)[]) {
      if (stream) readLines(stream, (line) => this.#print(line));
    }
    this.#listen();
    child.on("exit", (code, signal) => this.#exited({ code, signal }));
    process.on("exit", this.#kill);
  }

  /** Joins the frames of one turn into one write. False for a frame that is too long: it was not sent. */
  send(head: Head, body?: Buffer): boolean {
    let parts: readonly Buffer[];
    try {
      parts = encodeFrame(head, body);
    } catch (thrown) {
      if (thrown instanceof FrameError) return false;
      throw thrown;
    }
    // What a program does not read waits here. Its jobs bound it: they are no more than the engine's slots, and one
    // gets frames of credit only for pieces that it was given.
    const pipe = this.#input;
    if (pipe === undefined || this.#hasEnded) return true;
    if (!this.#isCorked) {
      this.#isCorked = true;
      pipe.cork();
      process.nextTick(() => {
        this.#isCorked = false;
        pipe.uncork();
      });
    }
    for (const part of parts) pipe.write(part);
    return true;
  }

  /** Ends it at once, with all that it has started. */
  kill(): void {
    const { pid } = this.#child;
    // Once it has ended, the number may be another's.
    if (pid === undefined || this.#hasEnded) return;
    try {
      process.kill(-pid, "SIGKILL");
    } catch {
      // Nothing is left of its group.
    }
  }

  /** The same, and does not wait for a process that the system cannot end. */
  abandon(): void {
    this.kill();
    idleClock.after(closeMs, () => this.#exited({ code: null, signal: "SIGKILL" }));
  }

  /** Asks it to end, and ends it where it does not. */
  close(): Promise<void> {
    if (this.#hasEnded) return Promise.resolve();
    this.#isClosing = true;
    this.send({ type: "close" });
    idleClock.after(closeMs, this.#kill);
    return new Promise((resolve) => (this.#closed = resolve));
  }

  get #input(): Duplex | undefined {
    return (this.#child.stdio as readonly unknown[] | undefined)?.[3] as Duplex | undefined;
  }

  #listen(): void {
    const output = (this.#child.stdio as readonly unknown[] | undefined)?.[4] as Duplex | undefined;
    const fell = (): void => void idleClock.after(silenceMs, this.#kill);
    this.#input?.on("error", fell);
    output?.on("error", fell);
    output?.on("end", fell);
    output?.on("data", (chunk: Buffer) => this.#receive(chunk));
  }

  #receive(chunk: Buffer): void {
    if (this.#hasEnded) return;
    try {
      const frames = this.#reader.push(chunk);
      if (frames.length > 0) this.#events.frames(frames);
    } catch (thrown) {
      if (!(thrown instanceof FrameError)) throw thrown;
      this.#child.stdio[4]?.removeAllListeners("data").on("data", () => undefined);
      this.#events.broken(thrown.message);
      this.abandon();
    }
  }

  #print(line: string): void {
    this.#lastLines = [...this.#lastLines, line].slice(-keptLines);
    this.#events.printed(line);
  }

  #refused(error: Error): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    process.off("exit", this.#kill);
    this.#events.refused("code" in error ? String(error.code) : error.message);
  }

  /** Its last lines may come after it, and what it has started may hold its output open. */
  #exited(exit: ProgramExit): void {
    this.kill();
    const end = (): void => {
      if (this.#hasEnded) return;
      this.#hasEnded = true;
      process.off("exit", this.#kill);
      if (this.#isClosing) this.#closed();
      else this.#events.ended(exit, this.#lastLines);
    };
    this.#child.on("close", end);
    idleClock.after(drainMs, end);
  }
}
