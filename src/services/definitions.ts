/** The services as this server reads and writes them: generated, but for two things stated here. */
import { BinaryReader } from "@bufbuild/protobuf/wire";
import { EmbeddingServiceService } from "../../gen/inferd/v1/embedding_service.ts";
import { GenerationServiceService } from "../../gen/inferd/v1/generation_service.ts";
import { ModelServiceService } from "../../gen/inferd/v1/model_service.ts";
import { ServerServiceService } from "../../gen/inferd/v1/server_service.ts";
import { writeEmbedResponse, writeEmbedStreamResponse } from "./vector-messages.ts";

const { embed, embedStream } = EmbeddingServiceService;

export const generationService = strict(GenerationServiceService);
export const embeddingService = strict({
  embed: { ...embed, responseSerialize: writeEmbedResponse },
  embedStream: { ...embedStream, responseSerialize: writeEmbedStreamResponse },
} as const);
export const modelService = strict(ModelServiceService);
export const serverService = strict(ServerServiceService);

interface Readable {
  readonly requestDeserialize: (bytes: Buffer) => unknown;
}

/**
 * Refuses text that is no UTF-8, as proto3 asks. The generated code would put U+FFFD into its place,
 * and a prompt would be answered that nobody sent.
 */
function strict<D extends Readonly<Record<string, Readable>>>(definition: D): D {
  const methods = Object.entries(definition).map(([name, method]) => {
    const requestDeserialize = (bytes: Buffer): unknown =>
      // Generated code hands it on to `decode`, which takes a reader as well as bytes.
      method.requestDeserialize(strictReader(bytes) as unknown as Buffer);
    return [name, { ...method, requestDeserialize }] as const;
  });
  // The same methods with the same types, one function each replaced by its like.
  return Object.fromEntries(methods) as unknown as D;
}

function strictReader(bytes: Buffer): BinaryReader {
  const reader = new BinaryReader(bytes);
  const string = reader.string.bind(reader);
  reader.string = () => string(true);
  return reader;
}
