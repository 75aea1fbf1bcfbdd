import type { EngineHost } from "../engine.ts";
import { clipped } from "./errors.ts";
import type { Head } from "./frames.ts";

type Level = Parameters<EngineHost["log"]>[0];

const levels: readonly Level[] = ["debug", "info", "warn", "error"];
const longest = 16_000;

/** Writes what a program has for the log; at `info` where its level is unknown. */
export function logFrame(host: Pick<EngineHost, "log">, { level, message }: Head): void {
  const known = levels.find((each) => each === level) ?? "info";
  host.log(known, clipped(message, longest));
}
