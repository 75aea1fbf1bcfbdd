/** Grammars in GBNF next to llama.cpp's own sampler: on the demo model's vocabulary, the same tokens may come next. */
import { isUtf8 } from "node:buffer";
import koffi from "koffi";
import { afterAll, beforeAll, expect, it } from "vitest";
import { seededRandom, wholeBetween } from "../../bench/lib/random.ts";
import { ConstraintCompiler } from "../../src/engines/constraint/compiler.ts";
import { type Library, openLibrary } from "../../src/engines/llama/library.ts";
import { findLibrary } from "../../src/engines/llama/location.ts";
import { openTokenizer, type Tokenizer } from "../../src/engines/llama/tokenizer.ts";
import { MatcherError } from "../../src/engines/constraint/matcher.ts";
import type { Constraint } from "../../src/engines/jobs.ts";
import { gbnfGrammars } from "../fixtures/gbnf.ts";
import { modelPath } from "./llama-engine.ts";

const pointer = "void *";
const longestText = 60;

interface Oracle {
  /** One entry a token: whether it may come next. */
  allowed(): Uint8Array;
  accept(token: number): void;
  free(): void;
}

let library: Library;
let model: bigint;
let tokenizer: Tokenizer;
let compiler: ConstraintCompiler;
let open: (grammar: string) => Oracle;
/** Tokens that are whole characters: within one, llama.cpp refuses some that a set without one character lets pass. */
let whole: readonly number[];

beforeAll(() => {
  const files = findLibrary(undefined);
  library = openLibrary(files);
  library.start();
  model = library.model.load(modelPath, { ...library.modelDefaults(), vocab_only: true })!;
  const vocab = library.model.vocab(model);
  tokenizer = openTokenizer(library, vocab);
  const { vocabularySize: size, ends, bytesOf } = tokenizer;
  const nothing = new Uint8Array();
  compiler = new ConstraintCompiler({
    size,
    bytesOf: (token) => (ends.has(token) ? nothing : bytesOf(token)),
  });
  whole = Array.from({ length: size }, (_, token) => token).filter((token) => {
    const bytes = bytesOf(token);
    return !ends.has(token) && bytes.length > 0 && !bytes.includes(0) && isUtf8(bytes);
  });
  open = oracleOf(files.llama, vocab, size);
});
afterAll(() => {
  compiler.close();
  library.model.freeModel(model);
});

function oracleOf(path: string, vocab: bigint, size: number): typeof open {
  const handle = koffi.load(path);
  const f = (name: string, result: string, types: string[]) =>
    handle.func(`llama_sampler_${name}`, result, types) as (...values: unknown[]) => unknown;
  const init = f("init_grammar", pointer, [pointer, "str", "str"]);
  const accept = f("accept", "void", [pointer, "int"]);
  const apply = f("apply", "void", [pointer, pointer]);
  const free = f("free", "void", [pointer]);
  return (grammar) => {
    const sampler = init(vocab, grammar, "root");
    expect(sampler, grammar).not.toBeNull();
    return {
      allowed() {
        // `llama_token_data`: an id, a logit, a probability.
        const entries = new Float32Array(size * 3);
        const ids = new Int32Array(entries.buffer);
        for (let id = 0; id < size; id += 1) ids[id * 3] = id;
        const list = new BigInt64Array([koffi.address(entries), BigInt(size), -1n, 0n]);
        apply(sampler, koffi.address(list));
        return Uint8Array.from({ length: size }, (_, id) => Number(entries[id * 3 + 1] === 0));
      },
      accept: (token) => void accept(sampler, token),
      free: () => void free(sampler),
    };
  };
}

/** Writes random texts of a grammar; at each token, what may come next is the same. */
async function compare(grammar: string, seed: number, longest = longestText): Promise<void> {
  const random = seededRandom(seed);
  const constraint: Constraint = { kind: "grammar", syntax: "gbnf", text: grammar };
  await compiler.prepare(constraint);
  const matcher = compiler.matcher(constraint)!;
  const oracle = open(grammar);
  const [end] = tokenizer.ends;
  let text = "";
  for (let count = 0; count < longest && !matcher.stopped; count += 1) {
    const expected = oracle.allowed();
    const mask = Uint32Array.from(matcher.mask());
    const where = `${grammar}\n${JSON.stringify(text)}`;
    expect(matcher.accepting, where).toBe(expected[end!] === 1);
    const allowed = whole.filter((token) => ((mask[token >>> 5]! >>> (token & 31)) & 1) === 1);
    expect(allowed, where).toEqual(whole.filter((token) => expected[token] === 1));
    const token = allowed[wholeBetween(random, 0, allowed.length - 1)];
    if (token === undefined) break;
    expect(matcher.check(token), where).toBe(true);
    matcher.consume(token);
    oracle.accept(token);
    text += tokenizer.detokenize(Int32Array.of(token), { showsSpecial: false });
  }
  matcher.free();
  oracle.free();
}

it.each(Object.entries(gbnfGrammars))(
  "lets the same tokens pass as llama.cpp: %s",
  { timeout: 120_000 },
  async (_, { text }) => {
    for (let seed = 1; seed <= 3; seed += 1) await compare(text, seed);
  },
);

it(
  "lets the same tokens pass as llama.cpp, for grammars made at random",
  { timeout: 300_000 },
  async () => {
    let compared = 0;
    for (let seed = 1; seed <= 200; seed += 1) {
      const grammar = randomGrammar(seed);
      const constraint: Constraint = { kind: "grammar", syntax: "gbnf", text: grammar };
      const isTaken = await compiler.prepare(constraint).then(
        () => true,
        () => false,
      );
      // Most that are not begin with themselves.
      if (!isTaken) continue;
      // Where the ways to read a text double with each character, a long token is beyond the bounds.
      const outcome = await compare(grammar, seed, 8).then(
        () => "compared",
        (thrown: unknown) => {
          if (thrown instanceof MatcherError) return "too costly";
          throw thrown;
        },
      );
      if (outcome === "compared") compared += 1;
    }
    expect(compared).toBeGreaterThan(50);
  },
);

function randomGrammar(seed: number): string {
  const random = seededRandom(seed);
  const below = (most: number): number => wholeBetween(random, 0, most - 1);
  const pick = (texts: readonly string[]): string => texts[below(texts.length)]!;
  const names = ["root", "a", "b-2"];
  const item = (depth: number): string => {
    if (depth < 2 && below(4) === 0) return `( ${alternatives(depth + 1)})`;
    return pick([
      '"e"',
      '"th"',
      '""',
      '"ab\\n"',
      "[a-f]",
      "[^a-y\\n]",
      "[^x]",
      "[eta ]",
      ".",
      '"ü"',
      ...names.slice(1),
    ]);
  };
  const repeated = (depth: number): string => {
    const one = item(depth);
    if (one === '""' || below(3) > 0) return one;
    return one + pick(["*", "+", "?", "{2}", "{1,3}", "{0,2}", "{2,}"]);
  };
  const sequence = (depth: number): string =>
    Array.from({ length: below(4) }, () => repeated(depth)).join(" ");
  const alternatives = (depth: number): string =>
    Array.from({ length: 1 + below(3) }, () => sequence(depth)).join(" | ");
  return names.map((name) => `${name} ::= ${alternatives(0)}`).join("\n");
}
