/** Input of commands: arguments, or standard input. */
import { createInterface } from "node:readline";
import { UsageError } from "./failure.ts";

/** The text given as an argument, otherwise standard input without its last line break. `-` is standard input. */
export async function readText(argument: string | undefined, what: string): Promise<string> {
  if (argument !== undefined && argument !== "-") return argument;
  refuseTerminal(argument, what);
  let text = "";
  process.stdin.setEncoding("utf8");
  for await (const chunk of process.stdin) text += String(chunk);
  return text.replace(/\r?\n$/, "");
}

type Lines = Iterable<string> | AsyncIterable<string>;

/** The texts given as arguments, otherwise the lines of standard input as they arrive. */
export function readLines(texts: readonly string[], what: string): Lines {
  if (texts.length > 0 && texts[0] !== "-") return texts;
  refuseTerminal(texts[0], what);
  return createInterface({ input: process.stdin, crlfDelay: Infinity });
}

/** Groups lines, at most `size` per group. */
export async function* groups(lines: Lines, size: number): AsyncIterable<string[]> {
  let group: string[] = [];
  for await (const line of lines) {
    group.push(line);
    if (group.length < size) continue;
    yield group;
    group = [];
  }
  if (group.length > 0) yield group;
}

/** Prints a hint when the command waits for input on a terminal: the argument may have been forgotten. */
function refuseTerminal(argument: string | undefined, what: string): void {
  if (argument === undefined && process.stdin.isTTY) {
    throw new UsageError(`${what}: give it as an argument, or on standard input`);
  }
}
