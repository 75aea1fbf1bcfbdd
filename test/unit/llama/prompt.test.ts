import { describe, expect, it } from "vitest";
import type { CompletionInput, CompletionJob, Truncation } from "../../../src/engines/engine.ts";
import { formatNamed } from "../../../src/engines/chat-format/index.ts";
import { ControlTokens } from "../../../src/engines/llama/control-tokens.ts";
import { readPrompt, truncate } from "../../../src/engines/llama/prompt.ts";
import type { TextPart } from "../../../src/engines/llama/marks.ts";
import type { Tokenizer } from "../../../src/engines/llama/tokenizer.ts";
import { generateJob } from "../../fixtures/jobs.ts";

const bos = 1;
const contextLength = 64;
const megabytes = 4 * 2 ** 20;

/** Tells pieces apart. */
const idOf = (piece: string): number => 2 + Buffer.from(piece).reduce((sum, byte) => sum + byte, 0);

/** Each character is a token, or each word with the space before it; it counts what it is given. */
class CountingTokenizer implements Tokenizer {
  readonly assertReadable = (): void => undefined;
  readonly vocabularySize = 100_000;
  readonly bos = bos;
  readonly eos = -1;
  readonly addsBos = true;
  readonly addsEos = false;
  readonly sep = -1;
  readonly addsSep = false;
  readonly ends = new Set<number>();
  readonly controls = [];
  readonly userDefined = [];
  readonly special = new Map();
  readonly longestBytes = 1_000;
  readonly #pattern: RegExp;
  given = 0;

  constructor(pattern: RegExp) {
    this.#pattern = pattern;
  }

  textOf(token: number): string {
    return token === bos ? "<s>" : "";
  }

  tokenize(text: string, { addSpecial }: { readonly addSpecial: boolean }): Int32Array {
    this.given += text.length;
    const pieces = text.match(this.#pattern) ?? [];
    const ids = pieces.map((piece) => idOf(piece));
    return Int32Array.from(addSpecial ? [bos, ...ids] : ids);
  }

  detokenize(): string {
    return "";
  }

  kindOf(): "normal" {
    return "normal";
  }

  spellingOf(): Uint8Array {
    return new Uint8Array();
  }

  bytesOf(): Uint8Array {
    return new Uint8Array();
  }
}

const characters = /./gs;
const words = /\s*\S+/g;

/** Reads an input cut, and says how much of it the tokenizer was given. */
function readCut(
  input: CompletionInput,
  { drop, pattern, parts = [] }: { drop: Truncation; pattern: RegExp; parts?: readonly TextPart[] },
) {
  const tokenizer = new CountingTokenizer(pattern);
  const nothing = new ControlTokens([]);
  const chat = {
    tokenizer,
    layOut: () => parts,
    prompted: () => "",
    format: formatNamed("generic")!,
    controls: nothing,
    markers: nothing,
    now: () => 0,
  };
  const reader = { tokenizer, contextLength, chat };
  const job: CompletionJob = {
    ...generateJob(""),
    input,
    truncate: drop,
    maxPromptTokens: 1_000_000,
  };
  const tokens = readPrompt(reader, { ...job, sampling: { ...job.sampling, maxTokens: 8 } });
  return { tokens, given: tokenizer.given };
}

const numbered = (length: number, word: string): string => {
  let text = "";
  for (let index = 0; text.length < length; index += 1) text += `${word}${index} `;
  return text;
};
const keep = contextLength - 8;

describe.each(["start", "end"] as const)("a prompt that loses its %s", (drop) => {
  it.each([
    ["characters", characters, "a"],
    ["words", words, "word"],
    ["words so long that the first try is too short", words, "w".repeat(500)],
  ])("is cut as the whole text would be, and most of it is never read: %s", (_, pattern, word) => {
    const text = numbered(megabytes, word);
    const whole = new CountingTokenizer(pattern).tokenize(text, { addSpecial: true });
    const { tokens, given } = readCut({ kind: "prompt", text }, { drop, pattern });
    expect([...tokens]).toEqual([...truncate(whole, keep, { from: drop, bos })]);
    expect(given).toBeLessThan(megabytes / 4);
  });

  it("is read whole where it fits", () => {
    const text = "a".repeat(contextLength - 2);
    const { tokens } = readCut({ kind: "prompt", text }, { drop, pattern: characters });
    expect(tokens).toHaveLength(contextLength - 1);
  });

  it("is one token too long for the context and cut", () => {
    const text = "a".repeat(contextLength - 1);
    const { tokens } = readCut({ kind: "prompt", text }, { drop, pattern: characters });
    expect(tokens).toHaveLength(keep);
  });

  it("is a chat in many parts, and most of them are never read", () => {
    const text = numbered(megabytes, "word");
    const parts = Array.from({ length: 4096 }, (_, index) => ({
      text: text.slice(index * 1024, (index + 1) * 1024),
      trusted: index % 2 === 0,
    }));
    const input = { kind: "chat", messages: [{ role: "user", content: "" }] } as const;
    const whole = new CountingTokenizer(words);
    const pieces = parts.map((part) => whole.tokenize(part.text, { addSpecial: false }));
    const all = Int32Array.from([bos, ...pieces.flatMap((ids) => [...ids])]);
    const { tokens, given } = readCut(input, { drop, pattern: words, parts });
    expect([...tokens]).toEqual([...truncate(all, keep, { from: drop, bos })]);
    expect(given).toBeLessThan(16 * 1024);
  });
});

it("a text that may not be cut is refused by its length alone where that is hopeless", () => {
  const text = "a".repeat(megabytes);
  const read = () => readCut({ kind: "prompt", text }, { drop: "none", pattern: characters });
  expect(read).toThrow("at most 63 are taken");
});
