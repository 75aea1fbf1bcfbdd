/**
 * How large a unary answer gets, told before it is made: gRPC libraries refuse more than 4 MiB in one message
 * unless told otherwise, and a caller who is refused by its own library has paid for the work.
 */
import { type FieldReason, ServeError, type Violation } from "../base/errors.ts";
import type { VectorFormat } from "../engines/engine.ts";

export interface VectorAnswer {
  /** The request's, that the texts are in. */
  readonly field: "inputs" | "token_inputs";
  readonly count: number;
  readonly dimensions: number;
  readonly encoding: VectorFormat["encoding"];
}

const dimensionBytes = { float32: 4, float16: 2, int8: 1, binary: 1 / 8 } as const;

/** An item's fields besides its vector, each of any value: index, token count, truncated; and the scale of int8. */
const itemBytes = 6 + 6 + 2 + 5;
/** Why a text has no vector takes so much, where its vector would take less. */
const errorBytes = 256;
/** What stands beside the items: usage, timings, the model's names and digest, the request id. */
const restBytes = 1024;

/** At most so many bytes has an answer of `Embed`; seldom more than a few for each text too many. */
export function embedAnswerBytes({
  count,
  dimensions,
  encoding,
}: Omit<VectorAnswer, "field">): number {
  return restBytes + count * embeddingBytes(Math.ceil(dimensions * dimensionBytes[encoding]));
}

function embeddingBytes(vectorBytes: number): number {
  // Numbers are a field of a message that is a field.
  return delimited(Math.max(itemBytes + delimited(delimited(vectorBytes)), errorBytes));
}

/** A field of so many bytes, with its tag and its length. */
function delimited(bytes: number): number {
  let lengthBytes = 1;
  for (let rest = bytes; rest > 127; rest = Math.floor(rest / 128)) lengthBytes += 1;
  return 1 + lengthBytes + bytes;
}

/** Throws RESPONSE_TOO_LARGE where the vectors would not fit. */
export function assertVectorsFit(answer: VectorAnswer, mostBytes: number): void {
  const bytes = embedAnswerBytes(answer);
  if (bytes <= mostBytes) return;
  const each = embedAnswerBytes({ ...answer, count: 1 }) - restBytes;
  const texts = Math.max(0, Math.floor((mostBytes - restBytes) / each));
  const fewer =
    texts === 0 ? "" : `send at most ${texts} ${texts === 1 ? "text" : "texts"} a call, `;
  const advice = `${fewer}ask for a smaller encoding, or use EmbedStream`;
  const reason = "TOO_MANY";
  const facts = { maxInputs: String(texts) };
  throw tooLarge({ bytes, mostBytes, advice, field: answer.field, reason }, facts);
}

/** Throws RESPONSE_TOO_LARGE for vectors of so many bytes, so far; their sizes depend on the texts. */
export function assertVectorsSoFarFit(
  { count, bytes: vectorBytes }: { readonly count: number; readonly bytes: number },
  mostBytes: number,
  field: string,
): void {
  const bytes = restBytes + count * delimited(itemBytes + errorBytes) + vectorBytes;
  if (bytes <= mostBytes) return;
  const isOne = field.endsWith("]");
  const advice = isOne
    ? "send a shorter text, or ask for fewer dimensions"
    : "send fewer texts, ask for fewer dimensions, or use EmbedStream";
  throw tooLarge({ bytes, mostBytes, advice, field, reason: isOne ? "TOO_LONG" : "TOO_MANY" });
}

/** Throws RESPONSE_TOO_LARGE where a list of so many items, of so many bytes together, would not fit. */
export function assertItemsFit(
  { count, bytes }: { readonly count: number; readonly bytes: number },
  mostBytes: number,
  { field, advice }: { readonly field: string; readonly advice: string },
): void {
  const whole = restBytes + count * (delimited(itemBytes) + errorBytes) + bytes;
  if (whole > mostBytes) {
    throw tooLarge({ bytes: whole, mostBytes, advice, field, reason: "TOO_MANY" });
  }
}

/** Throws RESPONSE_TOO_LARGE for a completion that does not fit, so far. `field`: the one that makes it large. */
export function assertTextFits(bytes: number, mostBytes: number, field: string): void {
  if (bytes + restBytes <= mostBytes) return;
  throw tooLarge({ bytes, mostBytes, advice: "use GenerateStream", field, reason: "TOO_LONG" });
}

/** The most bytes of a token's id, and of a piece's fields besides the token: its tags, its length and its place. */
const [idBytes, pieceBytes] = [5, 20];

export interface TokensAnswer {
  readonly tokens: number;
  /** Of all pieces; undefined without. */
  readonly pieceBytes?: number | undefined;
  readonly textBytes: number;
}

/** Throws RESPONSE_TOO_LARGE where tokens, their pieces and their text would not fit. */
export function assertTokensFit(answer: TokensAnswer, mostBytes: number): void {
  const { tokens, textBytes } = answer;
  const pieces = answer.pieceBytes === undefined ? 0 : answer.pieceBytes + tokens * pieceBytes;
  const bytes = restBytes + textBytes + tokens * idBytes + pieces;
  if (bytes <= mostBytes) return;
  const field = answer.pieceBytes === undefined ? "input" : "with_pieces";
  const advice = "send less at once, or ask for count_only";
  throw tooLarge({ bytes, mostBytes, advice, field, reason: "TOO_LONG" });
}

/** Throws RESPONSE_TOO_LARGE for the text of too many tokens. */
export function assertDetokenizedFits(text: string, mostBytes: number): void {
  const bytes = restBytes + Buffer.byteLength(text);
  if (bytes <= mostBytes) return;
  const advice = "send fewer tokens at once";
  throw tooLarge({ bytes, mostBytes, advice, field: "token_ids", reason: "TOO_LONG" });
}

interface TooLarge {
  readonly bytes: number;
  readonly mostBytes: number;
  readonly advice: string;
  readonly field: string;
  readonly reason: FieldReason;
}

function tooLarge({ field, reason, ...sizes }: TooLarge, facts = {}): ServeError {
  const { bytes, mostBytes, advice } = sizes;
  const description = `would make an answer of ${bytes} bytes, and at most ${mostBytes} are sent: ${advice}`;
  const violation: Violation = { field, reason, description };
  return new ServeError("RESPONSE_TOO_LARGE", `${field} ${description}`, {
    facts: { bytes: String(bytes), maxBytes: String(mostBytes), ...facts },
    violations: [violation],
  });
}
