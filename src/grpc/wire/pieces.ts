/**
 * The wire form of a stream's pieces: the bytes that ts-proto writes, in one buffer instead of two that grow. A stream is
 * made of them, and they were an eighth of its time in the front.
 */
import { GenerateStreamResponse } from "../../../gen/inferd/v1/generation_service.ts";
import { delimitedSize, fieldSize, Writer } from "./writer.ts";

/** `GenerateStreamResponse.piece` and `Piece.text`. */
const [pieceTag, textTag] = [18, 10];

export function writeGenerateStreamResponse(response: GenerateStreamResponse): Buffer {
  const { event } = response;
  // Few ask for token ids, and the other events come once.
  if (event?.$case !== "piece" || event.value.tokenIds.length > 0) {
    return Buffer.from(GenerateStreamResponse.encode(response).finish());
  }
  const { text } = event.value;
  const bytes = Buffer.byteLength(text);
  const size = delimitedSize(bytes);
  const writer = new Writer(fieldSize(size)).field(pieceTag).varint(size);
  if (bytes > 0) writer.field(textTag).varint(bytes).text(text, bytes);
  return writer.finish();
}
