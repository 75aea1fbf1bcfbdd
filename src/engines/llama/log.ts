import koffi from "koffi";
import type { EngineHost } from "../engine.ts";
import { logCallback } from "./binding.ts";
import type { Library } from "./library.ts";

type Level = Parameters<EngineHost["log"]>[0];

/** ggml's levels by number. Its info is our debug: it tells how a model is built, line by line. */
const levels: Readonly<Record<number, Level>> = { 1: "debug", 2: "debug", 3: "warn", 4: "error" };
const continuation = 5;

/** The library's log, cut into lines. */
export interface LibraryLog {
  /** The first error that the library stated, which says most about a failed load; empty for none. */
  firstError(): string;
}

/**
 * Sends the library's log to `write`, one call a line. The library keeps one callback for the
 * process, so the last one to route wins.
 */
export function routeLog(library: Library, write: EngineHost["log"]): LibraryLog {
  let level: Level = "debug";
  let partial = "";
  let firstError = "";
  const take = (number: number, text: string | null): void => {
    if (number !== continuation) level = levels[number] ?? "debug";
    const lines = (partial + (text ?? "")).split("\n");
    partial = lines.pop() ?? "";
    for (const line of lines) {
      if (line.trim() === "") continue;
      if (level === "error" && firstError === "") firstError = line.trim();
      write(levelOf(level, line), line.trim());
    }
  };
  library.model.logSet(koffi.register(take, logCallback), null);
  return { firstError: () => firstError };
}

/** What the library warns of and is meant: room is made when cells run out, and sequences share a long context. */
const expected = [
  "failed to find a memory slot",
  // Of a hybrid model; the attention's half of its memory is what runs out.
  "failed to prepare attention",
  "possible training context overflow",
  // Of vocabularies whose converter typed a mark otherwise; which tokens are control is decided here.
  "control-looking token",
  // Asked for: a window's cells alone would let no prompt take over a beginning.
  "using full-size SWA cache",
];

function levelOf(level: Level, line: string): Level {
  return expected.some((text) => line.includes(text)) ? "debug" : level;
}
