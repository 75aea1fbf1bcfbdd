/** `POST /tokenize` and `POST /detokenize`, as vLLM has them. */
import {
  DetokenizeRequest as DetokenizeRequestMessage,
  TokenizeRequest as TokenizeRequestMessage,
  type TokenizeResponse,
} from "../../../gen/inferd/v1/tokenization_service.ts";
import type { TokenizationHandlers } from "../../services/tokenization.ts";
import type { Parameters } from "../parameters.ts";
import type { Route } from "../route.ts";
import { type ChatBody, chatRequestOf } from "./chat.ts";
import { messageSchema, toolSchema } from "./messages.ts";
import { boolean, model, orNull, string, uint32 } from "./schemas.ts";

const tokenizeParameters = {
  model,
  prompt: { schema: string, field: "text" },
  messages: { schema: { type: "array", items: messageSchema }, field: "chat.messages" },
  tools: { schema: orNull({ type: "array", items: toolSchema }), field: "chat.tools" },
  chat_template_kwargs: { schema: orNull({ type: "object" }), field: "chat.template_arguments" },
  add_special_tokens: { schema: orNull(boolean), field: "add_special" },
  return_token_strs: { schema: orNull(boolean), field: "with_pieces" },
} as const satisfies Parameters;

const detokenizeParameters = {
  model,
  tokens: { schema: { type: "array", items: uint32 }, field: "token_ids", required: true },
} as const satisfies Parameters;

interface TokenizeBody extends Pick<ChatBody, "model" | "tools" | "chat_template_kwargs"> {
  readonly prompt?: string;
  readonly messages?: ChatBody["messages"];
  readonly add_special_tokens?: boolean | null;
  readonly return_token_strs?: boolean | null;
}

interface DetokenizeBody {
  readonly model: string;
  readonly tokens: readonly number[];
}

export const tokenizeRoutes = ({
  tokenize,
  detokenize,
}: TokenizationHandlers): readonly Route[] => [
  {
    method: "POST",
    path: "/tokenize",
    rpc: "inferd.v1.TokenizationService/Tokenize",
    summary: "Reads a text or a conversation as tokens.",
    parameters: tokenizeParameters,
    serve: ({ body }, call) => {
      const asked = body as TokenizeBody;
      const request = TokenizeRequestMessage.fromPartial({
        model: asked.model,
        input: inputOf(asked),
        addSpecial: asked.add_special_tokens ?? undefined,
        withPieces: asked.return_token_strs ?? false,
      });
      call.unary(tokenize, request, answerOf);
    },
  },
  {
    method: "POST",
    path: "/detokenize",
    rpc: "inferd.v1.TokenizationService/Detokenize",
    summary: "Writes tokens as text.",
    parameters: detokenizeParameters,
    serve: ({ body }, call) => {
      const { model: name, tokens } = body as DetokenizeBody;
      const request = DetokenizeRequestMessage.fromPartial({ model: name, tokenIds: tokens });
      call.unary(detokenize, request, ({ text }) => ({ prompt: text }));
    },
  },
];

function inputOf({ messages, prompt, ...rest }: TokenizeBody) {
  if (messages === undefined) {
    return prompt === undefined ? undefined : { $case: "text" as const, value: prompt };
  }
  const { input } = chatRequestOf({ ...rest, messages });
  return input?.$case === "chat" ? input : undefined;
}

function answerOf({ count, tokenIds, pieces }: TokenizeResponse): object {
  const texts = pieces.map(({ token }) => token.toString("utf8"));
  return { count, tokens: tokenIds, ...(texts.length > 0 && { token_strs: texts }) };
}
