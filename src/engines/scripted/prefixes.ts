import type { PrefixMemory } from "../engine.ts";

interface Kept {
  readonly scope: string;
  readonly words: readonly string[];
  readonly bytes: number;
}

/**
 * The scripted engine's memory of prompts: it saves no time, but says what an engine that remembers would say, within
 * the rules for one. Bounded in bytes of text; the oldest makes room.
 */
export class ScriptedPrefixes implements PrefixMemory {
  readonly limitBytes: number;
  saved = 0;
  restored = 0;
  evicted = 0;
  #kept: readonly Kept[] = [];

  constructor(limitBytes: number) {
    this.limitBytes = limitBytes;
  }

  get bytes(): number {
    return this.#kept.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /**
   * Remembers a prompt, and says how many of its words one of the same scope began with before: never the last word,
   * which every prompt is read for.
   */
  read(scope: string, text: string): number {
    const words = this.limitBytes === 0 ? [] : (text.match(/\S+/g) ?? []);
    if (words.length === 0) return 0;
    const known = this.#kept.filter((each) => each.scope === scope);
    const common = Math.max(0, ...known.map((each) => commonBeginning(each.words, words)));
    const cached = Math.min(common, words.length - 1);
    if (cached > 0) this.restored += 1;
    if (common < words.length) this.#keep({ scope, words, bytes: Buffer.byteLength(text) });
    return cached;
  }

  #keep(prompt: Kept): void {
    if (prompt.bytes > this.limitBytes) return;
    while (this.bytes + prompt.bytes > this.limitBytes) {
      this.#kept = this.#kept.slice(1);
      this.evicted += 1;
    }
    this.#kept = [...this.#kept, prompt];
    this.saved += 1;
  }
}

function commonBeginning(one: readonly string[], other: readonly string[]): number {
  const end = one.findIndex((word, index) => word !== other[index]);
  return end === -1 ? one.length : end;
}
