/** Texts to embed, and how fast inferd embeds them. */
import { Client, credentials, type ServiceError } from "@grpc/grpc-js";
import { EmbedRequest, type EmbedResponse } from "../../gen/inferd/v1/embedding_service.ts";
import { EmbeddingServiceService } from "../../gen/inferd/v1/embedding_service.ts";
import { seededRandom, wholeBetween } from "../lib/random.ts";
import { sentence } from "./requests.ts";

/** Sentences of 6 to 40 words, about 21 tokens each; always the same ones. */
export function sentences(count: number): readonly string[] {
  const random = seededRandom(1);
  const lengths = [6, 8, 10, 12, 14, 16, 20, 24, 30, 40];
  return Array.from({ length: count }, () =>
    sentence(random, lengths[wholeBetween(random, 0, lengths.length - 1)] ?? 6),
  );
}

export interface EmbedLoad {
  readonly texts: readonly string[];
  /** Texts in one call. */
  readonly batch: number;
  /** Each begins its next call when its last one has ended. */
  readonly callers: number;
  readonly durationMs: number;
}

export interface EmbedTarget {
  embed(texts: readonly string[]): Promise<readonly (readonly number[])[]>;
  close(): void;
}

export function openEmbedding(address: string): EmbedTarget {
  const client = new Client(address, credentials.createInsecure(), {
    "grpc.max_receive_message_length": -1,
  });
  const { path, requestSerialize, responseDeserialize } = EmbeddingServiceService.embed;
  const call = (request: EmbedRequest): Promise<EmbedResponse> =>
    new Promise((resolve, reject) => {
      const done = (error: ServiceError | null, response?: EmbedResponse): void => {
        if (response === undefined) reject(error ?? new Error("there was no response"));
        else resolve(response);
      };
      client.makeUnaryRequest(path, requestSerialize, responseDeserialize, request, done);
    });
  return {
    embed: async (inputs) => {
      const { embeddings } = await call(EmbedRequest.fromPartial({ inputs }));
      return embeddings.map(({ value }) => {
        if (value?.$case !== "float32") throw new Error("a text was not embedded as float32");
        return value.value.values;
      });
    },
    close: () => client.close(),
  };
}

/** Sentences embedded in a second. */
export async function embeddingRate(target: EmbedTarget, load: EmbedLoad): Promise<number> {
  const { texts, batch, callers, durationMs } = load;
  const startMs = performance.now();
  let next = 0;
  let embedded = 0;
  const caller = async (): Promise<void> => {
    while (performance.now() - startMs < durationMs) {
      const first = next;
      next = (next + batch) % texts.length;
      const { length } = await target.embed(texts.slice(first, first + batch));
      // Not before the wait: what the others add meanwhile would be lost.
      embedded += length;
    }
  };
  await Promise.all(Array.from({ length: callers }, caller));
  return embedded / ((performance.now() - startMs) / 1000);
}
