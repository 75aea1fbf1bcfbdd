/**
 * The streaming core of all chat formats. A format reads its text by a generator, in the order in which it stands
 * there; where the text that has come does not decide, the generator waits. So what is read does not depend on how the
 * text was cut. Text is looked at once: it takes time in proportion to its length.
 */
import type { OutputParser, OutputPart } from "./format.ts";

/** Waits by `yield` for more text, or for the end. */
export type Reading<T = void> = Generator<undefined, T, undefined>;
export type Give = (text: string) => void;

export class Reader {
  #text = "";
  #at = 0;
  #ended = false;
  #kept: string | undefined;
  #calls = -1;
  #parts: OutputPart[] = [];

  readonly content: Give = (text) => this.#give({ kind: "content", text });
  readonly reasoning: Give = (text) => this.#give({ kind: "reasoning", text });
  readonly arguments: Give = (text) =>
    this.#give({ kind: "tool_call", call: this.#calls, arguments: text });

  /** Begins a call: its arguments follow by `arguments`. What was kept is part of it. */
  call(name: string, id?: string): void {
    this.#kept = undefined;
    this.#calls++;
    const part = { kind: "tool_call", call: this.#calls, name, arguments: "" } as const;
    this.#parts.push(id === undefined ? part : { ...part, id });
  }

  /** From here on, text is kept until it is known to be a call: if it is none, `giveBack` makes it content. */
  keep(text = ""): void {
    this.#kept = text;
  }

  /** What was kept is no content. */
  drop(): void {
    this.#kept = undefined;
  }

  giveBack(): void {
    const kept = this.#kept ?? "";
    this.#kept = undefined;
    this.content(kept);
  }

  /** The next character, which is not taken; undefined at the end. */
  *peek(): Reading<string | undefined> {
    while (this.#at === this.#text.length) {
      if (this.#ended) return undefined;
      yield;
    }
    return this.#text[this.#at];
  }

  /** Takes the longest of some texts that stands here; undefined if none does. */
  *take(...texts: readonly string[]): Reading<string | undefined> {
    while (!this.#ended && texts.some((text) => this.#mayGrow(text, this.#at))) yield;
    const found = longest(texts.filter((text) => this.#text.startsWith(text, this.#at)));
    if (found !== undefined) this.#skip(found.length);
    return found;
  }

  /** Whether one of some texts stands here; takes nothing. */
  *sees(...texts: readonly string[]): Reading<boolean> {
    while (!this.#ended && texts.some((text) => this.#mayGrow(text, this.#at))) yield;
    return texts.some((text) => this.#text.startsWith(text, this.#at));
  }

  /** Gives the characters that a pattern of one character matches, up to the first that it does not. */
  *while(pattern: RegExp, give: Give): Reading {
    for (let next = yield* this.peek(); next !== undefined; next = yield* this.peek()) {
      let end = this.#at;
      while (end < this.#text.length && pattern.test(this.#text[end] ?? "")) end++;
      if (end > this.#at) give(this.#skip(end - this.#at));
      if (this.#at < this.#text.length) return;
    }
  }

  *space(): Reading<string> {
    return yield* this.text((give) => this.while(/\s/, give));
  }

  /** Takes back what was taken last: it stands here again. */
  unread(text: string): void {
    this.#text = text + this.#text.slice(this.#at);
    this.#at = 0;
  }

  /** What a reading gives, as one text. */
  *text(read: (give: Give) => Reading<unknown>): Reading<string> {
    let text = "";
    yield* read((more) => {
      text += more;
    });
    return text;
  }

  /**
   * Gives the text before the first of some markers, takes the marker and returns it; undefined at the end. A marker in
   * `before` is returned and not taken.
   */
  *until(
    markers: readonly string[],
    give: Give,
    before: readonly string[] = [],
  ): Reading<string | undefined> {
    const all = [...markers, ...before];
    const search = searchFor(all);
    for (;;) {
      const { at, marker } = this.#next(search, all);
      if (at > this.#at) give(this.#skip(at - this.#at));
      if (marker !== undefined && markers.includes(marker)) this.#skip(marker.length);
      if (marker !== undefined || this.#ended) return marker;
      yield;
    }
  }

  /** Gives the next characters that have come; at least one, unless the text has ended. */
  *some(use: (text: string) => number): Reading<boolean> {
    if ((yield* this.peek()) === undefined) return false;
    this.#skip(use(this.#text.slice(this.#at)));
    return true;
  }

  push(text: string): void {
    this.#text = this.#text.slice(this.#at) + text;
    this.#at = 0;
  }

  end(): void {
    this.#ended = true;
  }

  parts(): readonly OutputPart[] {
    const parts = this.#parts;
    this.#parts = [];
    return parts;
  }

  /** The first marker; without one, where the text ends that none can begin in. */
  #next(search: RegExp, markers: readonly string[]): { at: number; marker?: string | undefined } {
    const end = this.#text.length;
    search.lastIndex = this.#at;
    const found = search.exec(this.#text);
    const at = found?.index ?? end;
    if (this.#ended) return { at, marker: found?.[0] };
    const reach = Math.max(...markers.map((marker) => marker.length));
    for (let from = Math.max(this.#at, end - reach + 1); from < end && from <= at; from++) {
      if (markers.some((marker) => this.#mayGrow(marker, from))) return { at: from };
    }
    return { at, marker: found?.[0] };
  }

  /** Whether all that has come from a place on is the beginning of a text, and not yet all of it. */
  #mayGrow(text: string, from: number): boolean {
    const rest = this.#text.length - from;
    // Most texts differ in their first character.
    if (rest >= text.length || text.charCodeAt(0) !== this.#text.charCodeAt(from))
      return rest === 0;
    return text.startsWith(this.#text.slice(from));
  }

  #skip(length: number): string {
    const text = this.#text.slice(this.#at, this.#at + length);
    this.#at += length;
    if (this.#kept !== undefined) this.#kept += text;
    return text;
  }

  #give(part: OutputPart): void {
    const text = part.kind === "tool_call" ? part.arguments : part.text;
    if (text === "") return;
    const last = this.#parts.at(-1);
    if (last?.kind === "tool_call" && part.kind === "tool_call") {
      this.#parts[this.#parts.length - 1] = { ...last, arguments: last.arguments + text };
    } else if (last !== undefined && last.kind !== "tool_call" && last.kind === part.kind) {
      this.#parts[this.#parts.length - 1] = { kind: last.kind, text: last.text + text };
    } else {
      this.#parts.push(part);
    }
  }
}

/** Reads a completion as a format's generator does. What the generator leaves is content. */
export function parserOf(read: (reader: Reader) => Reading): OutputParser {
  const reader = new Reader();
  const reading = (function* () {
    yield* read(reader);
    yield* reader.until([], reader.content);
  })();
  reading.next();
  return {
    push: (text) => {
      reader.push(text);
      reading.next();
      return reader.parts();
    },
    end: () => {
      reader.end();
      reading.next();
      return reader.parts();
    },
  };
}

function longest(texts: readonly string[]): string | undefined {
  return texts.toSorted((a, b) => b.length - a.length)[0];
}

function searchFor(markers: readonly string[]): RegExp {
  const literals = markers.toSorted((a, b) => b.length - a.length).map(escaped);
  return new RegExp(literals.join("|") || "(?!)", "g");
}

function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
}
