/** Reads grammars in GBNF, as llama.cpp's `llama_grammar_parser` does. */
import { anyCharacter, readCharacter, readSet, setOf } from "./characters.ts";
import { type Element, type Rules, RuleTable, type Sequence } from "./rules.ts";
import { Source } from "./source.ts";

/** llama.cpp's bound on a repetition. It takes a larger maximum for none; here that is refused. */
const mostRepetitions = 2000;
/** Groups within groups: each takes a part of the stack. */
const mostNested = 200;

/** Throws a MatcherError that says where the grammar is wrong. */
export function parseGbnf(text: string): Rules {
  return new Parser(text).parse();
}

class Parser {
  readonly #source: Source;
  readonly #table = new RuleTable();
  #nested = 0;

  constructor(text: string) {
    this.#source = new Source(text);
  }

  parse(): Rules {
    const source = this.#source;
    source.space(true);
    while (!source.atEnd()) {
      const rule = this.#table.numberOf(source.name());
      source.space(false);
      source.expect("::=");
      source.space(true);
      this.#table.define(rule, this.#alternatives());
      if (!source.atEnd() && source.match(/[\r\n]/y) === "") {
        throw source.error("expected a text, a set, a rule, a group or the end of the line");
      }
      source.space(true);
    }
    return this.#table.finish();
  }

  #alternatives(): readonly Sequence[] {
    const alternatives = [this.#sequence()];
    while (this.#source.take("|")) {
      this.#source.space(true);
      alternatives.push(this.#sequence());
    }
    return alternatives;
  }

  #sequence(): Sequence {
    const sequence: Element[] = [];
    let item: readonly Element[] | undefined;
    for (;;) {
      const repeated = this.#repetition(item);
      const next = repeated ?? this.#item();
      if (next === undefined) break;
      if (repeated !== undefined) sequence.length -= item?.length ?? 0;
      for (const element of next) sequence.push(element);
      item = next;
      this.#source.space(this.#nested > 0);
    }
    return sequence;
  }

  /** What may be repeated: a literal as a whole, a set, a rule or a group. Undefined where none follows. */
  #item(): readonly Element[] | undefined {
    const source = this.#source;
    if (source.take('"')) return this.#literal();
    if (source.take("[")) {
      const set = readSet(source);
      return set === undefined ? [] : [{ kind: "characters", set }];
    }
    if (source.take(".")) return [{ kind: "characters", set: anyCharacter }];
    if (source.take("(")) return [this.#group()];
    if (/^[a-zA-Z0-9-]/.test(source.peek())) {
      return [{ kind: "rule", rule: this.#table.numberOf(source.name()) }];
    }
    if (/^[<!]/.test(source.peek())) {
      throw source.error("tokens are not supported; write the text that they stand for");
    }
    return undefined;
  }

  #literal(): readonly Element[] {
    const elements: Element[] = [];
    while (!this.#source.take('"')) {
      const character = readCharacter(this.#source);
      elements.push({ kind: "characters", set: setOf([[character, character]], false) });
    }
    this.#table.count(elements.length);
    return elements;
  }

  #group(): Element {
    const source = this.#source;
    if (this.#nested === mostNested) throw source.error("groups nest too deep");
    this.#nested += 1;
    source.space(true);
    const rule = this.#table.reserve();
    this.#table.define(rule, this.#alternatives());
    source.expect(")");
    this.#nested -= 1;
    return { kind: "rule", rule };
  }

  /** The item as often as what follows it says; undefined where it says nothing. */
  #repetition(item: readonly Element[] | undefined): readonly Element[] | undefined {
    const source = this.#source;
    const sign = /^[*+?{]/.exec(source.peek())?.[0];
    if (sign === undefined) return undefined;
    if (item === undefined || item.length === 0) throw source.error("there is nothing to repeat");
    source.take(sign);
    const [least, most] = sign === "{" ? this.#bounds() : (signs[sign] ?? [1, 1]);
    if (least > most || Math.max(least, most === Infinity ? 0 : most) > mostRepetitions) {
      throw source.error(`repetitions are at most ${mostRepetitions}, in order`);
    }
    return this.#repeated(item, least, most);
  }

  #bounds(): readonly [least: number, most: number] {
    const source = this.#source;
    const space = (): void => source.space(this.#nested > 0);
    space();
    const least = source.number();
    space();
    let most = least;
    if (source.take(",")) {
      space();
      most = /^\d/.test(source.peek()) ? source.number() : Infinity;
      space();
    }
    source.expect("}");
    return [least, most];
  }

  /** What may be left out is a rule within a rule: `a{1,3}` is `a (a (a)?)?`. */
  #repeated(item: readonly Element[], least: number, most: number): readonly Element[] {
    const optional = most === Infinity ? 1 : most - least;
    this.#table.count(item.length * (least + optional));
    const repeated = Array.from({ length: least }, () => item).flat();
    let rest: Element | undefined;
    for (let count = 0; count < optional; count += 1) {
      const rule = this.#table.reserve();
      const self: Element = { kind: "rule", rule };
      const after = most === Infinity ? self : rest;
      this.#table.define(rule, [after === undefined ? item : [...item, after], []]);
      rest = self;
    }
    return rest === undefined ? repeated : [...repeated, rest];
  }
}

const signs: Readonly<Record<string, readonly [least: number, most: number]>> = {
  "*": [0, Infinity],
  "+": [1, Infinity],
  "?": [0, 1],
};
