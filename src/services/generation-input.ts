/** What a generation call asks to continue: from the proto's message to the engine's. */
import type { GenerateRequest } from "../../gen/inferd/v1/generation_service.ts";
import type { CompletionInput } from "../engines/engine.ts";
import { chatOf } from "./chat-input.ts";

export function inputOf({ input }: GenerateRequest): CompletionInput {
  switch (input?.$case) {
    case "prompt":
      return { kind: "prompt", text: input.value };
    case "chat":
      return { kind: "chat", ...chatOf(input.value) };
    case "tokenIds":
      return { kind: "token_ids", ids: Uint32Array.from(input.value.ids) };
    case undefined:
      throw new Error("bug: a request without input passed its rules");
  }
}

/** The text that goes before the completion; empty for none. */
export function promptToRepeat({ input, includePrompt }: GenerateRequest): string {
  return includePrompt && input?.$case === "prompt" ? input.value : "";
}
