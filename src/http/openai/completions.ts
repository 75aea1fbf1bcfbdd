/** `POST /v1/completions`: https://platform.openai.com/docs/api-reference/completions. */
import {
  type GenerateRequest,
  GenerateRequest as GenerateRequestMessage,
  type GenerateResponse,
  type GenerateStreamResponse,
} from "../../../gen/inferd/v1/generation_service.ts";
import type { Usage } from "../../../gen/inferd/v1/types.ts";
import type { GenerationHandlers } from "../../services/generation.ts";
import type { EventsOf } from "../http-call.ts";
import type { Parameters } from "../parameters.ts";
import type { Route } from "../route.ts";
import { finishReasonOf, usageOf } from "./chat-events.ts";
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
      call.stream(generateStream, requestOf(asked), new CompletionEvents(own, includeUsage));
    },
  };
}

interface Own {
  readonly id: string;
  readonly object: string;
  readonly created: number;
}

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

class CompletionEvents implements EventsOf<GenerateStreamResponse> {
  readonly #own: Own;
  readonly #includeUsage: boolean;
  #model = "";
  #usage: Usage | undefined;

  constructor(own: Own, includeUsage: boolean) {
    this.#own = own;
    this.#includeUsage = includeUsage;
  }

  readonly next = ({ event }: GenerateStreamResponse): readonly string[] => {
    if (event?.$case === "started") this.#model = event.value.model?.name ?? "";
    if (event?.$case === "piece" && event.value.text !== "") {
      return [this.#data([choiceOf(event.value.text, null)], null)];
    }
    if (event?.$case !== "finish") return [];
    this.#usage = event.value.usage;
    return [this.#data([choiceOf("", finishReasonOf(event.value.reason))], null)];
  };

  readonly last = (): readonly string[] => {
    const usage = this.#includeUsage ? [this.#data([], usageOf(this.#usage))] : [];
    return [...usage, "[DONE]"];
  };

  #data(choices: readonly unknown[], usage: object | null): string {
    const own = { ...this.#own, model: this.#model, choices };
    return JSON.stringify(this.#includeUsage ? { ...own, usage } : own);
  }
}
