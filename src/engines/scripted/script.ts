/**
 * The language of the scripted engine: commands between semicolons or line ends, such as
 * `say one; wait gate; say two; length`. What is no command is said word by word.
 */
export type Instruction =
  /** A piece a step, so many times. */
  | { readonly kind: "say"; readonly text: string; readonly times: number }
  /** Goes on once any job has opened the gate. */
  | { readonly kind: "wait"; readonly gate: string }
  | { readonly kind: "open"; readonly gate: string }
  /** Ends with this finish reason. */
  | { readonly kind: "end"; readonly reason: "stop" | "length" }
  /** Fails the job with this reason. */
  | { readonly kind: "fail"; readonly reason: string }
  /** The step throws: the engine is broken. */
  | { readonly kind: "throw" }
  /** The process ends with this code. */
  | { readonly kind: "exit"; readonly code: number }
  /** The process is killed, as by the kernel. */
  | { readonly kind: "crash" }
  /** The step never returns. */
  | { readonly kind: "hang" }
  /** Sends an event for an unknown job, and two finishes. */
  | { readonly kind: "lie" };

/** Reads a script. `repeat 3 word` says a word three times. Never fails. */
export function parseScript(text: string): readonly Instruction[] {
  return text
    .split(/[;\n]/)
    .map((part) => part.trimStart())
    .filter((part) => part.trim() !== "")
    .flatMap(parseInstruction);
}

/** How to read what follows each command; undefined where it makes no sense, and is said instead. */
const commands: Readonly<Record<string, (rest: string) => Instruction | undefined>> = {
  say: (rest) => ({ kind: "say", text: rest, times: 1 }),
  repeat: (rest) => {
    const [, times, text = ""] = /^(\d+) (.*)$/s.exec(rest) ?? [];
    return times === undefined ? undefined : { kind: "say", text, times: Number(times) };
  },
  wait: (rest) => ({ kind: "wait", gate: rest.trim() }),
  open: (rest) => ({ kind: "open", gate: rest.trim() }),
  stop: (rest) => alone(rest, { kind: "end", reason: "stop" }),
  length: (rest) => alone(rest, { kind: "end", reason: "length" }),
  fail: (rest) => ({ kind: "fail", reason: rest.trim() }),
  exit: (rest) => ({ kind: "exit", code: Number(rest) || 1 }),
  throw: (rest) => alone(rest, { kind: "throw" }),
  crash: (rest) => alone(rest, { kind: "crash" }),
  hang: (rest) => alone(rest, { kind: "hang" }),
  lie: (rest) => alone(rest, { kind: "lie" }),
};

function alone(rest: string, instruction: Instruction): Instruction | undefined {
  return rest.trim() === "" ? instruction : undefined;
}

function parseInstruction(part: string): readonly Instruction[] {
  const [, word = "", rest = ""] = /^(\w+) ?(.*)$/s.exec(part) ?? [];
  const read = Object.hasOwn(commands, word) ? commands[word] : undefined;
  const instruction = read?.(rest);
  return instruction === undefined ? words(part) : [instruction];
}

/** A piece for each word, with the spaces before it. */
function words(text: string): readonly Instruction[] {
  return (text.match(/\s*\S+/g) ?? []).map((text) => ({ kind: "say", text, times: 1 }));
}
