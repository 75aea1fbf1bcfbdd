/** What is asked of both servers of `python-peers`, and what an answer must hold. */

export interface Case {
  /** What the function does; also the model's name, and FastAPI's path. */
  readonly name: string;
  readonly says: string;
  readonly kind: "text" | "stream" | "vector";
  readonly prompt: string;
  /** Calls at once. */
  readonly atOnce: number;
  /** Pieces in an answer, each of which counts; of any other than a stream, the answer counts. */
  readonly pieces: number;
  /** The least share of FastAPI's rate to aim at. */
  readonly least: number;
}

const pieces = 1000;
const calls = { kind: "text", prompt: "hello", atOnce: 48, pieces: 1 } as const;

export const cases: readonly Case[] = [
  { ...calls, name: "nothing", says: "a function that does nothing", least: 0.6 },
  { ...calls, name: "sleep", says: "a function that sleeps for 5 ms", least: 1 },
  { ...calls, name: "busy", says: "a function that computes for 5 ms", least: 1 },
  {
    name: "count",
    says: `streams of ${pieces} pieces`,
    kind: "stream",

    prompt: String(pieces),
    atOnce: 20,
    pieces,
    least: 0.8,
  },
  {
    name: "sentences",
    says: "sentence-transformers, one text a call",
    kind: "vector",
    prompt: "The river runs past the old market, and the children feed the ducks there at noon.",
    atOnce: 32,
    pieces: 1,
    least: 2.5,
  },
];

/** Throws where an answer is not what the function gives. */
export function assertRight(answer: string | readonly number[], one: Case): void {
  const isRight =
    one.kind === "vector" ? answer.length === dimensions : answer === expectedText(one);
  if (!isRight) throw new Error(`${one.name}: an answer is wrong: ${String(answer).slice(0, 80)}`);
}

/** Those of all-MiniLM-L6-v2. */
const dimensions = 384;

function expectedText({ kind, prompt }: Case): string {
  if (kind === "text") return prompt;
  return Array.from({ length: Number(prompt) }, (_, index) => `${index}\n`).join("");
}
