/** `POST /v1/completions`: https://platform.openai.com/docs/api-reference/completions. */
import {
  type GenerateRequest,
  GenerateRequest as GenerateRequestMessage,
  type GenerateResponse,
  type GenerateStreamResponse,
} from "../../../gen/inferd/v1/generation_service.ts";
import type { GenerationHandlers } from "../../services/generation.ts";
import type { Parameters } from "../parameters.ts";
import type { Route } from "../route.ts";
import { finishReasonOf } from "./chat-events.ts";
import { chunkEvents, type ChunkOptions, usageOf } from "./chunks.ts";
import { callOptionsOf, samplingOf } from "./sampling.ts";
import * as schemas from "./schemas.ts";

const { boolean, model, only, orNull, string, uint32, user } = schemas;

/** OpenAI's default: a completion of a text has no natural end. */
const defaultTokens = 16;

const parameters = {
  model,
  prompt: {
    schema: {
      anyOf: [
        string,
        { type: "array", items: string, minItems: 1, maxItems: 1 },
        { type: "array", items: uint32, minItems: 1 },
      ],
    },
    field: "prompt",
    required: true,
  },
  ...schemas.sampling,
  max_tokens: { schema: orNull(uint32), field: "sampling.max_tokens" },
  ...schemas.streaming,
  echo: { schema: orNull(boolean), field: "include_prompt" },
  user,
  n: schemas.notThere.n,
  logprobs: { schema: only(0), refused: "log-probabilities are not there yet" },
  best_of: { schema: only(1), refused: "a call gives one completion" },
  suffix: { schema: only(""), refused: "texts are not filled in" },
} as const satisfies Parameters;

interface CompletionBody extends schemas.SamplingBody {
  readonly model: string;
  readonly prompt: string | readonly string[] | readonly number[];
  readonly max_tokens?: number | null;
  readonly echo?: boolean | null;
}

export function completionsRoute(
  { generate, generateStream }: GenerationHandlers,
  { now }: { readonly now: () => number },
): Route {
  return {
    method: "POST",
    path: "/v1/completions",
    rpc: "inferd.v1.GenerationService/Generate",
    summary: "Continues a text.",
    parameters,
    serve: ({ body, requestId }, call) => {
      const asked = body as CompletionBody;
      const id = `cmpl-${requestId}`;
      const own: Own = { id, object: "text_completion", created: Math.floor(now() / 1000) };
      if (asked.stream !== true) {
        call.unary(generate, requestOf(asked), (response) => answerOf(response, own));
        return;
      }
      const includeUsage = asked.stream_options?.include_usage === true;
      call.stream(
        generateStream,
        requestOf(asked),
        chunkEvents({ ...own, includeUsage }, choicesOf),
      );
    },
  };
}

type Own = Omit<ChunkOptions, "includeUsage">;

function requestOf(body: CompletionBody): GenerateRequest {
  return GenerateRequestMessage.fromPartial({
    model: body.model,
    input: inputOf(body.prompt),
    includePrompt: body.echo ?? false,
    sampling: samplingOf(body, body.max_tokens ?? defaultTokens),
    call: callOptionsOf(body),
  });
}

function inputOf(prompt: CompletionBody["prompt"]): NonNullable<GenerateRequest["input"]> {
  if (typeof prompt === "string") return { $case: "prompt", value: prompt };
  const [first] = prompt;
  if (typeof first === "string") return { $case: "prompt", value: first };
  return { $case: "tokenIds", value: { ids: prompt as readonly number[] } };
}

const choiceOf = (text: string, finishReason: string | null): object => ({
  index: 0,
  text,
  logprobs: null,
  finish_reason: finishReason,
});

function answerOf({ text, started, finish }: GenerateResponse, own: Own): object {
  const model = started?.model?.name ?? "";
  const choices = [choiceOf(text, finishReasonOf(finish?.reason))];
  return { ...own, model, choices, usage: usageOf(finish?.usage) };
}

function choicesOf({ event }: GenerateStreamResponse): readonly object[] {
  if (event?.$case === "finish") return [choiceOf("", finishReasonOf(event.value.reason))];
  const isText = event?.$case === "piece" && event.value.text !== "";
  return isText ? [choiceOf(event.value.text, null)] : [];
}
