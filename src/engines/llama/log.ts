import koffi from "koffi";
import type { EngineHost } from "../engine.ts";
import { logCallback } from "./binding.ts";
import type { Library } from "./library.ts";

type Level = Parameters<EngineHost["log"]>[0];

/** ggml's log levels by number. Its info is our debug: it describes a model line by line. */
const levels: Readonly<Record<number, Level>> = { 1: "debug", 2: "debug", 3: "warn", 4: "error" };
const continuation = 5;

/** The library's log, split into lines. */
export interface LibraryLog {
  /** The first error of the library, which says most about a failed load. Empty for none. */
  firstError(): string;
}

/**
 * Routes the library's log to `write`, one call per line. The library has one callback per process, so the last route
 * wins.
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

/**
 * Warnings of the library about intended behaviour: cells are freed when they run out, and sequences share a long
 * context.
 */
const expected = [
  "failed to find a memory slot",
  // For a hybrid model: the attention part of its memory runs out.
  "failed to prepare attention",
  "possible training context overflow",
  // For vocabularies whose converter typed a token otherwise; this engine decides which tokens are control tokens.
  "control-looking token",
  // Intended: with the window's cells alone, no prompt could reuse a prefix.
  "using full-size SWA cache",
  // The file of a reranker does not say that it is one, or a manifest says otherwise.
  "model default pooling_type is",
  // For vocabularies of encoders, whose end token ends no completion.
  "special_eos_id is not in special_eog_ids",
];

function levelOf(level: Level, line: string): Level {
  return expected.some((text) => line.includes(text)) ? "debug" : level;
}
