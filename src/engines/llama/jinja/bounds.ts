/** Limits on what a template may create in one step. */
import { TemplateFault } from "./values.ts";

/** Maximum text, longer than a template needs for any chat. It stops repeated doubling. */
const longest = 64 * 2 ** 20;
/** Maximum items of a list: each takes more memory than a character. */
const mostItems = 2 ** 20;

/** Rejects a text that grows without bound. */
export function bounded(text: string): string {
  if (text.length > longest) throw unboundedText();
  return text;
}

/** Joins texts; rejects a result that is too long before it is made. */
export function joinedTexts(texts: readonly string[], between: string): string {
  const length = texts.reduce((sum, text) => sum + text.length, 0);
  if (length + between.length * (texts.length - 1) > longest) throw unboundedText();
  return texts.join(between);
}

const unboundedText = () => new TemplateFault("it makes a text without bound");

/** Repeats a text; rejects a result that is too long before it is made. */
export function repeated(text: string, count: number): string {
  if (text === "" || count <= 0) return "";
  if (text.length * count > longest) throw unboundedText();
  return text.repeat(count);
}

/** Repeats items. */
export function repeatedItems<T>(items: readonly T[], count: number): readonly T[] {
  if (items.length === 0) return items;
  if (items.length * count > mostItems) throw new TemplateFault("it makes a list without bound");
  return Array.from({ length: count }, () => items).flat();
}

export function boundedList<T>(items: readonly T[]): readonly T[] {
  if (items.length > mostItems) throw new TemplateFault("it makes a list without bound");
  return items;
}
