/** How much a template may make in one step. */
import { TemplateFault } from "./values.ts";

/** Longer text than a template may make of any chat; what keeps doubling in check. */
const longest = 64 * 2 ** 20;
/** More items than a list may have: each takes more room than a character. */
const mostItems = 2 ** 20;

/** Refuses a text that grows without bound. */
export function bounded(text: string): string {
  if (text.length > longest) throw unboundedText();
  return text;
}

/** Texts with one between them; refuses what is too long before it is made. */
export function joinedTexts(texts: readonly string[], between: string): string {
  const length = texts.reduce((sum, text) => sum + text.length, 0);
  if (length + between.length * (texts.length - 1) > longest) throw unboundedText();
  return texts.join(between);
}

const unboundedText = () => new TemplateFault("it makes a text without bound");

/** A text so many times; refuses one that is too long before it is made. */
export function repeated(text: string, count: number): string {
  if (text === "" || count <= 0) return "";
  if (text.length * count > longest) throw unboundedText();
  return text.repeat(count);
}

/** Items so many times. */
export function repeatedItems<T>(items: readonly T[], count: number): readonly T[] {
  if (items.length === 0) return items;
  if (items.length * count > mostItems) throw new TemplateFault("it makes a list without bound");
  return Array.from({ length: count }, () => items).flat();
}

export function boundedList<T>(items: readonly T[]): readonly T[] {
  if (items.length > mostItems) throw new TemplateFault("it makes a list without bound");
  return items;
}
