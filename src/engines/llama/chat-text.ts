/**
 * Tokenizes a formatted chat. Control tokens that the template wrote become those tokens. Text between two of them is
 * tokenized as plain text, whatever its source. So a message that spells a control token is tokenized like the same text
 * elsewhere, without a space at the joints.
 */
import type { ControlTokens } from "./control-tokens.ts";
import { readTruncated } from "./truncation.ts";
import type { Wanted } from "./truncation.ts";
import type { TextPart } from "./marks.ts";
import type { Tokenizer } from "./tokenizer.ts";

/** A part of a chat: a control token, text, or the point where a message was truncated. */
type Segment =
  | { readonly kind: "token"; readonly id: number }
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "cut" };

export interface ChatVocabulary {
  readonly tokenizer: Tokenizer;
  /** All texts that count as control tokens. */
  readonly controls: ControlTokens;
  /**
   * Those that libllama always reads as their token, because the vocabulary types them as user defined. In messages
   * they are split in two.
   */
  readonly markers: ControlTokens;
}

/** Undefined if a message was truncated too much: its cut comes before enough tokens are read. */
export function readChat(
  vocabulary: ChatVocabulary,
  parts: readonly TextPart[],
  wanted: Wanted | undefined,
): Int32Array | undefined {
  const { tokenizer } = vocabulary;
  const own = withoutAdded(tokenizer, parts);
  const [whole] = own;
  // A whole chat in one part is tokenized exactly as by llama.cpp.
  if (own.length === 1 && whole?.trusted === true) {
    const options = { addSpecial: true, parseSpecial: true };
    const read = (text: string) => tokenizer.tokenize(text, options);
    return wanted === undefined ? read(whole.text) : readTruncated(whole.text, wanted, read);
  }
  const pieces = readSegments(vocabulary, segmentsOf(vocabulary, own), wanted);
  if (pieces === undefined) return undefined;
  const begin = tokenizer.addsBos ? [Int32Array.of(tokenizer.bos)] : [];
  const end = tokenizer.addsEos ? [Int32Array.of(tokenizer.eos)] : [];
  return joined([...begin, ...pieces, ...end]);
}

/**
 * As in llama.cpp: a template may write the begin and end tokens that the vocabulary adds anyway, and they are needed
 * once.
 */
function withoutAdded(tokenizer: Tokenizer, parts: readonly TextPart[]): readonly TextPart[] {
  const last = parts.length - 1;
  return parts.map((part, index) => {
    if (!part.trusted) return part;
    const bos = index === 0 && tokenizer.addsBos ? tokenizer.textOf(tokenizer.bos) : "";
    const eos = index === last && tokenizer.addsEos ? tokenizer.textOf(tokenizer.eos) : "";
    const rest = part.text.startsWith(bos) ? part.text.slice(bos.length) : part.text;
    const text = eos !== "" && rest.endsWith(eos) ? rest.slice(0, -eos.length) : rest;
    return { ...part, text };
  });
}

function segmentsOf(
  { tokenizer, controls }: ChatVocabulary,
  parts: readonly TextPart[],
): readonly Segment[] {
  const segments: Segment[] = [];
  let text: string[] = [];
  let stripsNext = false;
  const flush = (stripsLast: boolean): void => {
    const all = text.join("");
    const from = stripsNext ? all.replace(/^[ \t-\r]+/, "") : all;
    const stripped = stripsLast ? trimmedEnd(from) : from;
    if (stripped !== "") segments.push({ kind: "text", text: stripped });
    text = [];
    stripsNext = false;
  };
  for (const part of parts) {
    if (part.cut === true) {
      flush(false);
      segments.push({ kind: "cut" });
    } else if (!part.trusted) {
      text.push(part.text);
    } else {
      // Every second piece is a control token.
      controls.split(part.text).forEach((piece, index) => {
        const token = index % 2 === 1 ? tokenizer.special.get(piece) : undefined;
        if (token === undefined) {
          text.push(piece);
          return;
        }
        flush(token.stripsLeft);
        segments.push({ kind: "token", id: token.id });
        stripsNext = token.stripsRight;
      });
    }
  }
  flush(false);
  return segments;
}

function trimmedEnd(text: string): string {
  let end = text.length;
  while (end > 0 && /[ \t-\r]/.test(text.charAt(end - 1))) end -= 1;
  return text.slice(0, end);
}

/** Reads from the end that is kept, until there are enough tokens. */
function readSegments(
  vocabulary: ChatVocabulary,
  segments: readonly Segment[],
  wanted: Wanted | undefined,
): readonly Int32Array[] | undefined {
  const read = (text: string) => readPlain(vocabulary, text);
  const backwards = wanted?.drop === "start";
  const pieces: Int32Array[] = [];
  let left = wanted?.tokens ?? Infinity;
  for (const segment of backwards ? segments.toReversed() : segments) {
    if (left <= 0) break;
    if (segment.kind === "cut") return undefined;
    const piece =
      segment.kind === "token"
        ? Int32Array.of(segment.id)
        : wanted === undefined
          ? read(segment.text)
          : readTruncated(segment.text, { ...wanted, tokens: left }, read);
    pieces.push(piece);
    left -= piece.length;
  }
  return backwards ? pieces.reverse() : pieces;
}

const plain = { addSpecial: false, parseSpecial: false };

/** Tokenizes text without control tokens. */
function readPlain({ tokenizer, markers }: ChatVocabulary, text: string): Int32Array {
  const pieces = markers.cut(text);
  if (pieces.length === 1) return tokenizer.tokenize(text, plain);
  return joined(
    pieces.map((piece, index) => {
      return index === 0 ? tokenizer.tokenize(piece, plain) : continued(tokenizer, piece);
    }),
  );
}

/** Tokenizes text that continues other text: without the space that some vocabularies add at the start. */
function continued(tokenizer: Tokenizer, text: string): Int32Array {
  const lead = tokenizer.tokenize("\n", plain);
  const all = tokenizer.tokenize(`\n${text}`, plain);
  if (!lead.every((id, index) => all[index] === id)) return tokenizer.tokenize(text, plain);
  return all.slice(lead.length);
}

function joined(pieces: readonly Int32Array[]): Int32Array {
  const all = new Int32Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
}
