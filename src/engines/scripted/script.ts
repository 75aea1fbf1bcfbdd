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
  | { readonly kind: "end"; readonly reason: "stop" | "length" | "cancelled" }
  /** Fails the job with this reason. */
  | { readonly kind: "fail"; readonly reason: string }
  /** Ends the step, or the whole process. */
  | { readonly kind: "disaster"; readonly how: Disaster; readonly code: number }
  /** Sends an event for an unknown job, and two finishes. */
  | { readonly kind: "lie" };

export type Disaster =
  /** The step throws. */
  | "throw"
  /** The process ends with a code of its own. */
  | "exit"
  /** It is killed, as by the kernel. */
  | "crash"
  /** Native code reads what is not there. */
  | "segfault"
  /** It allocates until there is no memory. */
  | "exhaust"
  /** The step never returns. */
  | "hang";

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
  cancelled: (rest) => alone(rest, { kind: "end", reason: "cancelled" }),
  fail: (rest) => ({ kind: "fail", reason: rest.trim() }),
  exit: (rest) => ({ kind: "disaster", how: "exit", code: Number(rest) || 1 }),
  throw: (rest) => alone(rest, disaster("throw")),
  crash: (rest) => alone(rest, disaster("crash")),
  segfault: (rest) => alone(rest, disaster("segfault")),
  exhaust: (rest) => alone(rest, disaster("exhaust")),
  hang: (rest) => alone(rest, disaster("hang")),
  lie: (rest) => alone(rest, { kind: "lie" }),
};

const disaster = (how: Disaster): Instruction => ({ kind: "disaster", how, code: 1 });

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
