/** What jinja2's lexer does and the library's does not: other line ends, and `{% raw %}`. */

const rawBlock =
  /(\n?)([ \t]*)\{%([-+]?)\s*raw\s*(-?)%\}(\n?)([\s\S]*?)\{%([-+]?)\s*endraw\s*([-+]?)%\}/g;

export function prepareSource(source: string): string {
  return source.replace(/\r\n?/g, "\n").replace(rawBlock, asString);
}

/** A raw block as an expression of its text, with the white space that its marks remove. */
function asString(
  ...[, before = "", indent = "", left, right, newline = "", body = "", bodyEnd, after]: string[]
): string {
  const beginning = right === "-" ? (newline + body).trimStart() : newline + body;
  const text = bodyEnd === "-" ? beginning.trimEnd() : beginning.replace(/(^|\n)[ \t]*$/, "$1");
  // Blocks lose white space before them in their line; expressions do not.
  const kept = before === "" || left === "+" ? indent : "";
  const open = left === "-" ? "{{-" : "{{";
  // A comment removes the line's end after it, as a block does.
  const close = after === "-" ? "-}}" : after === "+" ? "}}" : "}}{##}";
  return `${before}${kept}${open} '${escape(text)}' ${close}`;
}

/** Escapes characters that the lexer might read as syntax. */
function escape(text: string): string {
  const hexOf = (code: number, digits: number) => code.toString(16).padStart(digits, "0");
  return text.replace(/[\\'"{}%#\n]/g, (mark) => `\\x${hexOf(mark.charCodeAt(0), 2)}`);
}
