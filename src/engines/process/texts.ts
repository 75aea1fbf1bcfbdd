/** Texts in a frame's body, one after the other: the head has their lengths in bytes. */
import { type Frame, FrameError } from "./frames.ts";

export interface PackedTexts {
  readonly lengths: readonly number[];
  readonly body: Buffer;
}

export function packTexts(texts: readonly string[]): PackedTexts {
  const parts = texts.map((text) => Buffer.from(text));
  return { lengths: parts.map(({ length }) => length), body: Buffer.concat(parts) };
}

/** The texts of a `piece`, or of `pieces`. Throws a FrameError where the lengths are not those of the body. */
export function textsOf({ head, body }: Frame): readonly string[] {
  if (head.type === "piece") return [body.toString()];
  const { lengths } = head;
  if (!Array.isArray(lengths)) throw new FrameError("pieces have no lengths");
  let at = 0;
  const texts = lengths.map((length: unknown) => {
    const end = at + lengthOf(length);
    const text = body.toString("utf8", at, end);
    at = end;
    return text;
  });
  if (at !== body.length) throw new FrameError("the lengths of pieces are not those of their body");
  return texts;
}

function lengthOf(value: unknown): number {
  if (typeof value === "number" && Number.isInteger(value) && value >= 0) return value;
  throw new FrameError("a length of pieces is not a whole number");
}
