/** Rewrites a piece of text. */
export type Rewrite = (text: string) => string;

/**
 * The texts of control tokens, and what could become one beside other text. They are found in what
 * callers say, so that it is never taken for them.
 */
export class Controls {
  readonly #texts: readonly string[];
  readonly #pattern: RegExp;
  /** Whole ones, and runs of the characters that begin or end one. */
  readonly #bounds: RegExp;
  readonly #beginnings = new Set<string>();
  readonly #ends = new Set<string>();
  readonly #longest: number;

  constructor(texts: readonly string[]) {
    this.#texts = [...new Set(texts)];
    this.#pattern = patternOf(this.#texts);
    this.#bounds = boundsOf(this.#texts);
    this.#longest = this.#texts.reduce((most, { length }) => Math.max(most, length), 0);
    for (const text of this.#texts) {
      for (let at = 1; at < text.length; at += 1) {
        this.#beginnings.add(text.slice(0, at));
        this.#ends.add(text.slice(at));
      }
    }
  }

  /** All that stand in a text, in order; the longest where several begin at one place. */
  in(text: string): readonly string[] {
    return text.match(this.#pattern) ?? [];
  }

  /** Rewrites each that stands in a text. */
  rewrite(text: string, rewrite: Rewrite): string {
    return text.replace(this.#pattern, rewrite);
  }

  /** Whether a text has a character that begins or ends one. */
  hasBounds(text: string): boolean {
    return text.search(this.#bounds) !== -1;
  }

  /**
   * Rewrites each that stands in a text, and the characters that begin or end one wherever they stand: what is
   * left of it makes none, whatever is taken out of it.
   */
  rewriteBounds(text: string, rewrite: Rewrite): string {
    return text.replace(this.#bounds, rewrite);
  }

  /**
   * Rewrites what could be part of one: the end of a text that begins one, its beginning that ends one,
   * all of it where that lies within one. White space around it does not count, since templates trim.
   */
  rewriteEdges(text: string, rewrite: Rewrite): string {
    const core = text.trim();
    const head = this.#edge(core, this.#ends, (length) => core.slice(0, length));
    const tail = this.#edge(core, this.#beginnings, (length) => core.slice(-length));
    if (head + tail === 0 && !this.#isWithinOne(core)) return text;
    const start = text.indexOf(core);
    const parts =
      head + tail >= core.length || head + tail === 0
        ? [rewrite(core)]
        : [
            head === 0 ? "" : rewrite(core.slice(0, head)),
            core.slice(head, core.length - tail),
            tail === 0 ? "" : rewrite(core.slice(-tail)),
          ];
    return text.slice(0, start) + parts.join("") + text.slice(start + core.length);
  }

  /** The length of the longest piece that is among these; 0 where none is. */
  #edge(core: string, among: ReadonlySet<string>, piece: (length: number) => string): number {
    for (let length = Math.min(core.length, this.#longest - 1); length > 0; length -= 1) {
      if (among.has(piece(length))) return length;
    }
    return 0;
  }

  #isWithinOne(core: string): boolean {
    if (core === "" || core.length >= this.#longest) return false;
    return this.#texts.some((text) => text.includes(core));
  }
}

function patternOf(texts: readonly string[]): RegExp {
  return texts.length === 0 ? /(?!)/g : new RegExp(anyOf(texts), "g");
}

function boundsOf(texts: readonly string[]): RegExp {
  if (texts.length === 0) return /(?!)/g;
  const bounds = new Set(texts.flatMap((text) => [text.charAt(0), text.charAt(text.length - 1)]));
  return new RegExp(`${anyOf(texts)}|(?:${anyOf([...bounds])})+`, "g");
}

/** The longest first: a pattern takes what it finds first. */
function anyOf(texts: readonly string[]): string {
  const longestFirst = texts.toSorted((a, b) => b.length - a.length);
  return longestFirst.map(escape).join("|");
}

function escape(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
}
