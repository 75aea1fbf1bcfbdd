/** Reads the sentences of a text that people read, and finds what the rules of `CONTRIBUTING.md` do not allow. */

/** Words of no technical English, and metaphors where the field has a term. */
const banned = [
  ...["whoever", "whomever", "whom", "nobody", "somebody", "everybody"],
  ...["of late", "in vain", "anew", "besides?", "by itself", "by themselves", "mend(?:s|ed|ing)?"],
  ...["he", "him", "his"],
  ...["doors?", "doorkeepers?", "entrances?", "intakes?", "outlets?", "seats?", "seated"],
  ...["strangers?", "guests?", "courts?", "guilty"],
].map((word) => word.replaceAll(" ", "\\s+"));

const pattern = new RegExp(`\\b(?:${banned.join("|")})\\b`, "gi");

const mostWords = 30;

export function bannedIn(text: string): string[] {
  return [...text.matchAll(pattern)].map(([word]) => word.toLowerCase().replace(/\s+/g, " "));
}

/** Sentences with more words than a reader takes in at once. */
export function tooLong(sentences: readonly string[]): string[] {
  return sentences.filter((sentence) => wordsOf(sentence) > mostWords);
}

/** A code span, a number or a path is one word; signs between words are none. */
export function wordsOf(sentence: string): number {
  return sentence.split(/\s+/).filter((word) => /[\p{L}\p{N}]/u.test(word)).length;
}

const codeBlock = /^( *)```[\s\S]*?^\1```$/gm;
const comment = /<!--[\s\S]*?-->/g;
const reference = /^\[[^\]]+\]: .*$/gm;
const codeSpan = /(`+)(?:.|\n(?!\n))+?\1/g;
/** An image or a link, by its text alone. */
const link = /!?\[([^\]]*)\](?:\([^)]*\)|\[[^\]]*\])?/g;

/** What Markdown says in sentences: each heading, item, paragraph and cell of a table has its own; code has none. */
export function sentencesOf(markdown: string): string[] {
  const prose = markdown
    .replace(codeBlock, "")
    .replace(comment, "")
    .replace(reference, "")
    .replace(codeSpan, "code")
    .replace(link, "$1");
  return blocksOf(prose).flatMap((block) => sentencesIn(block));
}

/** Paragraphs, items and cells, each on one line. */
function blocksOf(prose: string): string[] {
  return prose
    .split(/\n\s*\n|\n(?=\s*(?:[-*|#>]|\d+\.)\s?)/)
    .flatMap((block) => (block.trimStart().startsWith("|") ? block.split("|") : [block]))
    .map((block) => block.replace(/^\s*(?:[-*>]|\d+\.|#+)\s+/, "").replace(/\s+/g, " "))
    .filter((block) => /\p{L}/u.test(block));
}

export function sentencesIn(text: string): string[] {
  return text.split(/(?<=[.!?](?:\*\*|[)"”])?)\s+/u).map((part) => part.trim());
}

/** The comments of a proto, a paragraph each. */
export function commentsOf(proto: string): string[] {
  const lines = proto.split("\n").map((line) => /^\s*\/\/ ?(.*)$/.exec(line)?.[1] ?? "");
  return lines.join("\n").split(/\n\n+/);
}
