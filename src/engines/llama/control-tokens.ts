/** A range of a text, from a position to before another. */
export interface Range {
  readonly start: number;
  readonly end: number;
}

/**
 * What is searched for in a text: whole control tokens; also parts that other text could complete; also every character
 * at the start or end of one.
 */
export type Care = "whole" | "edges" | "bounds";

/** Maximum ranges to tell apart. After the last one, the rest is one range. */
const mostRanges = 16_384;
/** Maximum repetitions per match: a pattern keeps state for each. */
const longestRun = 1024;

/**
 * The texts of control tokens, and parts that other text could complete. They are found in messages, so that messages
 * are never read as control tokens.
 */
export class ControlTokens {
  readonly #texts: readonly string[];
  readonly #pattern: RegExp;
  /** Adjacent ones are one range. */
  readonly #runs: RegExp;
  readonly #bounds: RegExp;
  /** Where one begins, also inside another. */
  readonly #places: RegExp;
  readonly #beginnings = new Set<string>();
  readonly #ends = new Set<string>();
  readonly #longest: number;

  constructor(texts: readonly string[]) {
    this.#texts = [...new Set(texts)].filter((text) => text !== "");
    const any = anyOf(this.#texts);
    this.#pattern = new RegExp(any, "g");
    this.#runs = new RegExp(`(?:${any}){1,${longestRun}}`, "g");
    this.#bounds = boundsOf(this.#texts);
    this.#places = new RegExp(`(?=(?:${any}))`, "g");
    this.#longest = this.#texts.reduce((most, { length }) => Math.max(most, length), 0);
    for (const text of this.#texts) {
      for (let at = 1; at < text.length; at += 1) {
        this.#beginnings.add(text.slice(0, at));
        this.#ends.add(text.slice(at));
      }
    }
  }

  /** All in a text, in order; the longest if several begin at one position. */
  in(text: string): readonly string[] {
    return text.match(this.#pattern) ?? [];
  }

  /** Splits a text at them: every second piece is one. */
  split(text: string): readonly string[] {
    return text.split(new RegExp(`(${this.#pattern.source})`));
  }

  /** Splits a text so that no piece contains a whole one. One of a single character remains. */
  cut(text: string): readonly string[] {
    const pieces: string[] = [];
    let rest = 0;
    for (const { index } of text.matchAll(this.#places)) {
      const after = index + ((text.codePointAt(index) ?? 0) > 0xffff ? 2 : 1);
      pieces.push(text.slice(rest, after));
      rest = after;
    }
    return [...pieces, text.slice(rest)];
  }

  /** Matches in a text, in order and without overlap. */
  find(text: string, care: Care): readonly Range[] {
    const found = rangesOf(text, this.#runs);
    if (care !== "whole") found.push(...this.#edges(text));
    if (care === "bounds") for (const range of rangesOf(text, this.#bounds)) found.push(range);
    return united(found);
  }

  /**
   * Possible parts of one: the end of a text that begins one, a beginning that ends one, or all of it if it lies inside
   * one. White space around it is ignored, since templates trim.
   */
  #edges(text: string): readonly Range[] {
    const core = text.trim();
    if (core === "") return [];
    const start = text.indexOf(core.charAt(0));
    const end = start + core.length;
    if (this.#isWithinOne(core)) return [{ start, end }];
    const head = this.#edge(core, this.#ends, (length) => core.slice(0, length));
    const tail = this.#edge(core, this.#beginnings, (length) => core.slice(-length));
    return [
      { start, end: start + head },
      { start: end - tail, end },
    ].filter((range) => range.start < range.end);
  }

  /** The length of the longest piece among these; 0 if there is none. */
  #edge(core: string, among: ReadonlySet<string>, piece: (length: number) => string): number {
    for (let length = Math.min(core.length, this.#longest - 1); length > 0; length -= 1) {
      if (among.has(piece(length))) return length;
    }
    return 0;
  }

  #isWithinOne(core: string): boolean {
    if (core.length >= this.#longest) return false;
    return this.#texts.some((text) => text.includes(core));
  }
}

function rangesOf(text: string, pattern: RegExp): Range[] {
  const ranges: Range[] = [];
  for (const { index, 0: piece } of text.matchAll(pattern)) {
    if (ranges.length === mostRanges) return [...ranges, { start: index, end: text.length }];
    ranges.push({ start: index, end: index + piece.length });
  }
  return ranges;
}

/** Ranges in order, adjacent ones merged. */
function united(ranges: readonly Range[]): readonly Range[] {
  const all: { start: number; end: number }[] = [];
  for (const { start, end } of ranges.toSorted((a, b) => a.start - b.start)) {
    const last = all.at(-1);
    if (last !== undefined && start <= last.end) last.end = Math.max(last.end, end);
    else all.push({ start, end });
  }
  return all;
}

function boundsOf(texts: readonly string[]): RegExp {
  const bounds = new Set(texts.flatMap((text) => [text.charAt(0), text.charAt(text.length - 1)]));
  if (bounds.size === 0) return nothing;
  return new RegExp(`[${[...bounds].map(escape).join("")}]+`, "g");
}

const nothing = /(?!)/g;

/**
 * A pattern for the longest of several texts. It branches where they differ, so that a text is not compared with a
 * thousand at every position.
 */
function anyOf(texts: readonly string[]): string {
  if (texts.length === 0) return nothing.source;
  const followers = new Map<string, string[]>();
  for (const text of texts) {
    const rest = followers.get(text.charAt(0));
    if (rest === undefined) followers.set(text.charAt(0), [text.slice(1)]);
    else rest.push(text.slice(1));
  }
  const branches = [...followers].map(([first, rests]) => escape(first) + endings(rests));
  return branches.join("|");
}

function endings(rests: readonly string[]): string {
  const [only] = rests;
  if (rests.length === 1 && only !== undefined) return escape(only);
  const longer = rests.filter((rest) => rest !== "");
  const pattern = `(?:${anyOf(longer)})`;
  return longer.length === rests.length ? pattern : `${pattern}?`;
}

function escape(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&");
}
