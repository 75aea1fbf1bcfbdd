/**
 * At most one space, or a line break with an indentation, where JSON may have any white space: a model that has nothing
 * to say would otherwise write spaces for ever. As llama.cpp's grammars have it.
 */
const whiteSpace = String.raw`( |\n[ \t]{0,20})?`;

const options = `"x-guidance":${JSON.stringify({ whitespace_pattern: whiteSpace })}`;

/**
 * A schema as text, with our options for llguidance. They come last, so that they count and not another's. The text is
 * not parsed: JavaScript would round its numbers.
 */
export function withOptions(schema: string): string {
  const text = schema.trim();
  if (!text.startsWith("{") || !text.endsWith("}")) return schema;
  const inner = text.slice(0, -1).trimEnd();
  return `${inner}${inner === "{" ? "" : ","}${options}}`;
}
