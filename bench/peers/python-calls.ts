/** A call of each server of `python-peers`, and what its answer holds. */
import {
  EmbeddingServiceService,
  EmbedRequest,
  EmbedResponse,
} from "../../gen/inferd/v1/embedding_service.ts";
import type { Case } from "./python-cases.ts";
import { generateCall, streamCall } from "./rpc-generation.ts";
import { grpcTarget, httpTarget, messagesIn, type Target } from "./rpc-target.ts";

export type Question = Pick<Case, "kind" | "name" | "prompt">;

/** A text, or a vector's numbers. */
type Answer = string | readonly number[];

export interface PythonCall extends Target {
  readonly read: (body: Buffer) => Answer;
}

export function inferdCall(port: number, { kind, name: model, prompt }: Question): PythonCall {
  if (kind === "text") return generateCall(port, { prompt, model });
  if (kind === "stream") return streamCall(port, { prompt, model });
  const request = EmbedRequest.encode(EmbedRequest.fromPartial({ model, inputs: [prompt] }));
  return {
    ...grpcTarget(port, EmbeddingServiceService.embed.path, request.finish()),
    read: (body) => messagesIn(body).flatMap(vectorOf),
  };
}

function vectorOf(message: Buffer): readonly number[] {
  const value = EmbedResponse.decode(message).embeddings[0]?.value;
  return value?.$case === "float32" ? value.value.values : [];
}

export function fastApiCall(
  port: number,
  { kind, name, prompt }: Question,
  form: "def" | "async",
): PythonCall {
  const read = (body: Buffer): Answer => {
    if (kind === "stream") return body.toString();
    // Our own app's answer has one of the two.
    const { text, values } = JSON.parse(body.toString()) as {
      readonly text: string;
      readonly values: readonly number[];
    };
    return kind === "text" ? text : values;
  };
  return { ...httpTarget(port, `/${name}/${form}`, JSON.stringify({ prompt })), read };
}
