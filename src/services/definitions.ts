/** The services as this server reads and writes them: generated, but for three things stated here. */
import { BinaryReader } from "@bufbuild/protobuf/wire";
import { EmbeddingServiceService } from "../../gen/inferd/v1/embedding_service.ts";
import { GenerationServiceService } from "../../gen/inferd/v1/generation_service.ts";
import { ModelServiceService } from "../../gen/inferd/v1/model_service.ts";
import { ServerServiceService } from "../../gen/inferd/v1/server_service.ts";
import type { Limits } from "./limits.ts";
import { maxLabels, maxMessages } from "./rules.ts";
import { type Bounds, checkCounts } from "./wire.ts";
import { writeEmbedResponse, writeEmbedStreamResponse } from "./vector-messages.ts";

const { embed, embedStream } = EmbeddingServiceService;

export const generationService = (limits: Limits) =>
  strict(GenerationServiceService, generationBounds(limits));
export const embeddingService = (limits: Limits) =>
  strict(
    {
      embed: { ...embed, responseSerialize: writeEmbedResponse },
      embedStream: { ...embedStream, responseSerialize: writeEmbedStreamResponse },
    } as const,
    embeddingBounds(limits),
  );
export const modelService = strict(ModelServiceService, {});
export const serverService = strict(ServerServiceService, {});

function generationBounds({ maxPromptTokens, maxStops, maxLogitBias }: Limits): Bounds {
  return {
    3: { name: "chat", inside: { 1: { name: "chat.messages", max: maxMessages } } },
    4: {
      name: "token_ids",
      inside: { 1: { name: "token_ids.ids", max: maxPromptTokens, varints: true } },
    },
    5: {
      name: "sampling",
      inside: {
        13: { name: "sampling.logit_bias", max: maxLogitBias },
        15: { name: "sampling.stop", max: maxStops },
      },
    },
    15: callBounds,
  };
}

function embeddingBounds({ maxInputs }: Limits): Bounds {
  return { 2: { name: "inputs", max: maxInputs }, 15: callBounds };
}

const callBounds = { name: "call", inside: { 3: { name: "call.labels", max: maxLabels } } };

interface Readable {
  readonly requestDeserialize: (bytes: Buffer) => unknown;
}

/**
 * Refuses lists that are too long, and text that is no UTF-8, as proto3 asks. The generated code would put U+FFFD into its place,
 * and a prompt would be answered that nobody sent.
 */
function strict<D extends Readonly<Record<string, Readable>>>(definition: D, bounds: Bounds): D {
  const methods = Object.entries(definition).map(([name, method]) => {
    const requestDeserialize = (bytes: Buffer): unknown => {
      checkCounts(bytes, bounds);
      // Generated code hands it on to `decode`, which takes a reader as well as bytes.
      return method.requestDeserialize(strictReader(bytes) as unknown as Buffer);
    };
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
