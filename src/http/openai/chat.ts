/** `POST /v1/chat/completions`: https://platform.openai.com/docs/api-reference/chat. */
import {
  type Constraint,
  type GenerateRequest,
  type GenerateResponse,
  GenerateRequest as GenerateRequestMessage,
} from "../../../gen/inferd/v1/generation_service.ts";
import type { GenerationHandlers } from "../../services/generation.ts";
import type { Parameters } from "../parameters.ts";
import type { Route } from "../route.ts";
import { chatEvents, finishReasonOf } from "./chat-events.ts";
import { usageOf } from "./chunks.ts";
import {
  type MessageBody,
  messageOf,
  messageSchema,
  type ToolBody,
  type ToolChoiceBody,
  toolChoiceOf,
  toolChoiceSchema,
  toolOf,
  toolSchema,
} from "./messages.ts";
import { callOptionsOf, samplingOf } from "./sampling.ts";
import * as schemas from "./schemas.ts";

const { boolean, model, only, orNull, string, uint32, user } = schemas;

const responseFormat = {
  oneOf: [
    { type: "null" },
    { type: "object", properties: { type: { enum: ["text", "json_object"] } }, required: ["type"] },
    {
      type: "object",
      properties: {
        type: { const: "json_schema" },
        json_schema: {
          type: "object",
          properties: {
            name: string,
            description: orNull(string),
            schema: { type: "object" },
            strict: orNull(boolean),
          },
          required: ["name", "schema"],
          additionalProperties: false,
        },
      },
      required: ["type", "json_schema"],
    },
  ],
};

const parameters = {
  model,
  messages: {
    schema: { type: "array", items: messageSchema },
    field: "chat.messages",
    required: true,
  },
  ...schemas.sampling,
  max_tokens: { schema: orNull(uint32), field: "sampling.max_tokens" },
  max_completion_tokens: { schema: orNull(uint32), means: "the newer name of `max_tokens`" },
  ...schemas.streaming,
  tools: { schema: orNull({ type: "array", items: toolSchema }), field: "chat.tools" },
  tool_choice: { schema: toolChoiceSchema, field: "chat.tool_choice" },
  parallel_tool_calls: { schema: orNull(boolean), field: "chat.parallel_tool_calls" },
  response_format: { schema: responseFormat, field: "constraint" },
  user,
  // Not OpenAI's: as vLLM names them.
  chat_template_kwargs: { schema: orNull({ type: "object" }), field: "chat.template_arguments" },
  continue_final_message: { schema: orNull(boolean), field: "chat.continue_last" },
  ...schemas.notThere,
  top_logprobs: { schema: only(0), refused: "log-probabilities are not there yet" },
  audio: { schema: only(), refused: "answers are text" },
  modalities: { schema: orNull({ const: ["text"] }), refused: "answers are text" },
  functions: { schema: only(), refused: "use `tools`" },
  function_call: { schema: only(), refused: "use `tool_choice`" },
  web_search_options: { schema: only(), refused: "the server searches nothing" },
  prediction: { schema: {}, ignored: "a hint for speed" },
  metadata: { schema: {}, ignored: "labels of a store that is not there" },
  store: { schema: only(false), refused: "answers are not stored" },
  service_tier: { schema: orNull(string), ignored: "there is one tier" },
  safety_identifier: { schema: orNull(string), ignored: "the server keeps no account of users" },
  prompt_cache_key: { schema: orNull(string), ignored: "prompts are reused by what they say" },
  reasoning_effort: { schema: orNull(string), ignored: "say it by `chat_template_kwargs`" },
  verbosity: { schema: orNull(string), ignored: "templates know none" },
} as const satisfies Parameters;

export interface ChatBody extends schemas.SamplingBody {
  readonly model: string;
  readonly messages: readonly MessageBody[];
  readonly max_tokens?: number | null;
  readonly max_completion_tokens?: number | null;
  readonly tools?: readonly ToolBody[] | null;
  readonly tool_choice?: ToolChoiceBody | null;
  readonly parallel_tool_calls?: boolean | null;
  readonly response_format?: ResponseFormat | null;
  readonly chat_template_kwargs?: Readonly<Record<string, unknown>> | null;
  readonly continue_final_message?: boolean | null;
}

type ResponseFormat =
  | { readonly type: "text" | "json_object" }
  | { readonly type: "json_schema"; readonly json_schema: { readonly schema: object } };

export function chatRequestOf(body: ChatBody): GenerateRequest {
  const { tool_choice: choice, tools, chat_template_kwargs: templateArguments } = body;
  return GenerateRequestMessage.fromPartial({
    model: body.model,
    input: {
      $case: "chat",
      value: {
        messages: body.messages.map(messageOf),
        tools: (tools ?? []).map(toolOf),
        toolChoice: choice === null || choice === undefined ? undefined : toolChoiceOf(choice),
        parallelToolCalls: body.parallel_tool_calls ?? undefined,
        continueLast: body.continue_final_message ?? false,
        templateArguments: templateArguments ?? undefined,
      },
    },
    sampling: samplingOf(body, body.max_completion_tokens ?? body.max_tokens),
    constraint: constraintOf(body.response_format),
    call: callOptionsOf(body),
  });
}

function constraintOf(format: ResponseFormat | null | undefined): Constraint | undefined {
  if (format?.type === "json_object")
    return { kind: { $case: "jsonObject", value: {} }, closeAtLength: false };
  if (format?.type !== "json_schema") return undefined;
  return {
    kind: { $case: "jsonSchema", value: JSON.stringify(format.json_schema.schema) },
    closeAtLength: false,
  };
}

export function chatRoute(
  { generate, generateStream }: GenerationHandlers,
  { now }: { readonly now: () => number },
): Route {
  return {
    method: "POST",
    path: "/v1/chat/completions",
    rpc: "inferd.v1.GenerationService/Generate",
    summary: "Answers a conversation.",
    parameters,
    serve: ({ body, requestId }, call) => {
      const asked = body as ChatBody;
      const request = chatRequestOf(asked);
      const id = `chatcmpl-${requestId}`;
      const created = Math.floor(now() / 1000);
      if (asked.stream !== true) {
        call.unary(generate, request, (response) => completionOf(response, { id, created }));
        return;
      }
      const includeUsage = asked.stream_options?.include_usage === true;
      call.stream(generateStream, request, chatEvents({ id, created, includeUsage }));
    },
  };
}

interface Identity {
  readonly id: string;
  readonly created: number;
}

function completionOf(response: GenerateResponse, { id, created }: Identity): object {
  const { text, reasoning, toolCalls, started, finish } = response;
  const calls = toolCalls.map(({ id, name, argumentsJson }) => ({
    id,
    type: "function",
    function: { name, arguments: argumentsJson },
  }));
  return {
    id,
    object: "chat.completion",
    created,
    model: started?.model?.name ?? "",
    choices: [
      {
        index: 0,
        message: {
          role: "assistant",
          content: text === "" && calls.length > 0 ? null : text,
          refusal: null,
          ...(reasoning !== "" && { reasoning_content: reasoning }),
          ...(calls.length > 0 && { tool_calls: calls }),
        },
        logprobs: null,
        finish_reason: finishReasonOf(finish?.reason),
      },
    ],
    usage: usageOf(finish?.usage),
  };
}
