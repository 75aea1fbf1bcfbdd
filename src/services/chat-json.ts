import { checkAllJson } from "../contract/requests/chat-json.ts";
import { Report } from "../contract/validation/report.ts";
import type { GenerateRequest } from "../../gen/inferd/v1/generation_service.ts";
import type { TokenizeRequest } from "../../gen/inferd/v1/tokenization_service.ts";

/** Throws FIELD_INVALID for a chat with JSON that is none, where it was too long to be checked with the rest. */
export async function checkAllChatJson(
  input: GenerateRequest["input"] | TokenizeRequest["input"],
): Promise<void> {
  if (input?.$case !== "chat") return;
  const report = new Report();
  await checkAllJson(input.value, "chat", report);
  report.throwIfAny();
}
