/** `POST /v1/classify`, as vLLM has it. */
import {
  type Classification,
  ClassifyRequest as ClassifyRequestMessage,
  type ClassifyResponse,
} from "../../../gen/inferd/v1/classification_service.ts";
import type { ClassificationHandlers } from "../../services/classification.ts";
import type { Parameters } from "../parameters.ts";
import type { Route } from "../route.ts";
import { listOf } from "./items.ts";
import { callOptionsOf } from "./sampling.ts";
import { boolean, model, orNull, string, uint32, user } from "./schemas.ts";

const parameters = {
  model,
  input: {
    schema: { anyOf: [string, { type: "array", items: string, minItems: 1 }] },
    field: "inputs",
    required: true,
  },
  top_n: { schema: orNull(uint32), field: "top_n" },
  raw_scores: { schema: orNull(boolean), field: "raw_scores" },
  user,
} as const satisfies Parameters;

interface ClassifyBody {
  readonly model: string;
  readonly input: string | readonly string[];
  readonly top_n?: number | null;
  readonly raw_scores?: boolean | null;
  readonly user?: string | null;
}

export const classifyRoute = ({ classify }: ClassificationHandlers): Route => ({
  method: "POST",
  path: "/v1/classify",
  rpc: "inferd.v1.ClassificationService/Classify",
  summary: "Gives texts the labels of a model.",
  parameters,
  serve: ({ body }, call) => {
    const asked = body as ClassifyBody;
    const texts = typeof asked.input === "string" ? [asked.input] : asked.input;
    const request = ClassifyRequestMessage.fromPartial({
      model: asked.model,
      inputs: texts.map((text) => ({ text })),
      topN: asked.top_n ?? undefined,
      rawScores: asked.raw_scores ?? false,
      call: callOptionsOf({ user: asked.user ?? null }),
    });
    call.unary(classify, request, answerOf);
  },
});

function answerOf({ classifications, finish }: ClassifyResponse): object {
  return {
    ...listOf(finish),
    data: classifications.map(itemOf),
  };
}

/** Labels come best first. */
const itemOf = ({ index, labels }: Classification): object => ({
  index,
  label: labels[0]?.name ?? "",
  scores: labels.map(({ name, score }) => ({ label: name, score })),
});
