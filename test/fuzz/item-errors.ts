/** The errors inside an answer: of texts that have no vector, where the call as a whole went well. */
import {
  type Embedding,
  EmbedResponse,
  EmbedStreamResponse,
} from "../../gen/inferd/v1/embedding_service.ts";
import type { ItemError } from "../../gen/inferd/v1/types.ts";

/** Every error of a single text that an answer carries; none where the method has none. */
export function itemErrors(path: string, body: Buffer): readonly ItemError[] {
  switch (path) {
    case "/inferd.v1.EmbeddingService/Embed":
      return messagesIn(body).flatMap((message) =>
        EmbedResponse.decode(message).embeddings.flatMap(errorOf),
      );
    case "/inferd.v1.EmbeddingService/EmbedStream":
      return messagesIn(body).flatMap((message) => {
        const { event } = EmbedStreamResponse.decode(message);
        return event?.$case === "embedding" ? errorOf(event.value) : [];
      });
    default:
      return [];
  }
}

const errorOf = ({ value }: Embedding): readonly ItemError[] =>
  value?.$case === "error" ? [value.value] : [];

/** The whole messages of an answer: a call that ends early can leave a part of one. */
function messagesIn(body: Buffer): readonly Buffer[] {
  const messages: Buffer[] = [];
  let rest = body;
  while (rest.length >= 5) {
    const end = 5 + rest.readUInt32BE(1);
    if (rest.length < end) break;
    messages.push(rest.subarray(5, end));
    rest = rest.subarray(end);
  }
  return messages;
}
