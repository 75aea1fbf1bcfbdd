/** `POST /v1/embeddings`: https://platform.openai.com/docs/api-reference/embeddings. */
import {
  type EmbedRequest,
  EmbedRequest as EmbedRequestMessage,
} from "../../../gen/inferd/v1/embedding_service.ts";
import type { EmbeddingHandlers } from "../../services/embedding.ts";
import type { VectorEmbedding, VectorEmbedResponse } from "../../services/embedding-types.ts";
import type { Parameters } from "../parameters.ts";
import type { Route } from "../route.ts";
import { listOf } from "./items.ts";
import { callOptionsOf } from "./sampling.ts";
import { boolean, model, orNull, string, uint32, user } from "./schemas.ts";

const ids = { type: "array", items: uint32, minItems: 1 };

const parameters = {
  model,
  input: {
    schema: {
      anyOf: [
        string,
        { type: "array", items: string, minItems: 1 },
        ids,
        { type: "array", items: ids, minItems: 1 },
      ],
    },
    field: "inputs",
    required: true,
  },
  dimensions: { schema: orNull(uint32), field: "dimensions" },
  encoding_format: {
    schema: { enum: ["float", "base64", null] },
    means: "numbers, or base64 of float32 in little-endian order",
  },
  user,
  // Not OpenAI's: as sentence-transformers names them.
  normalize: { schema: orNull(boolean), field: "normalize" },
  prompt_name: { schema: orNull(string), field: "prompt_name" },
} as const satisfies Parameters;

interface EmbeddingsBody {
  readonly model: string;
  readonly input: string | readonly string[] | readonly number[] | readonly (readonly number[])[];
  readonly dimensions?: number | null;
  readonly encoding_format?: "float" | "base64" | null;
  readonly normalize?: boolean | null;
  readonly prompt_name?: string | null;
  readonly user?: string | null;
}

export const embeddingsRoute = ({ embed }: Pick<EmbeddingHandlers, "embed">): Route => ({
  method: "POST",
  path: "/v1/embeddings",
  rpc: "inferd.v1.EmbeddingService/Embed",
  summary: "Makes vectors of texts.",
  parameters,
  serve: ({ body }, call) => {
    const asked = body as EmbeddingsBody;
    const isText = asked.encoding_format === "base64";
    call.unary(embed, requestOf(asked), (response) => answerOf(response, isText));
  },
});

function requestOf(body: EmbeddingsBody): EmbedRequest {
  const inputs = inputsOf(body.input);
  return EmbedRequestMessage.fromPartial({
    model: body.model,
    ...(typeof inputs[0] === "string"
      ? { inputs: inputs as readonly string[] }
      : { tokenInputs: (inputs as readonly (readonly number[])[]).map((ids) => ({ ids })) }),
    dimensions: body.dimensions ?? undefined,
    normalize: body.normalize ?? undefined,
    promptName: body.prompt_name ?? undefined,
    call: callOptionsOf({ user: body.user ?? null }),
  });
}

/** One text, or one list of token ids, is a list of one. */
function inputsOf(
  input: EmbeddingsBody["input"],
): readonly string[] | readonly (readonly number[])[] {
  if (typeof input === "string") return [input];
  return typeof input[0] === "number"
    ? [input as readonly number[]]
    : (input as readonly string[] | readonly (readonly number[])[]);
}

function answerOf({ embeddings, finish }: VectorEmbedResponse, isText: boolean): object {
  return {
    ...listOf(finish),
    data: embeddings.map((one) => ({
      object: "embedding",
      index: one.index,
      embedding: isText ? base64Of(valuesOf(one)) : Array.from(valuesOf(one)),
    })),
  };
}

function valuesOf({ value }: VectorEmbedding): Float32Array {
  if (value.$case !== "float32") throw new Error("bug: a vector of another encoding");
  return value.value.values;
}

function base64Of(values: Float32Array): string {
  const bytes = Buffer.alloc(values.length * 4);
  values.forEach((value, index) => bytes.writeFloatLE(value, index * 4));
  return bytes.toString("base64");
}
