/** `inferd generate`: prints text to standard output as the model produces it. */
import { Chat, GenerateRequest, Role } from "../../../../gen/inferd/v1/generation_service.ts";
import { callOptionsOf } from "../../call-options.ts";
import { withServer } from "../../client.ts";
import type { CallOptionFlags } from "../../flags/call-options.ts";
import type { ConnectionFlags } from "../../flags/connection.ts";
import { readText } from "../../input.ts";
import { truncations } from "../../truncations.ts";
import { type ConstraintFlags, constraintOf } from "./constraint.ts";
import { printJson, printText } from "./print.ts";
import { type SamplingFlags, samplingKeys } from "./sampling-flags.ts";
import { chatPartsOf, type ToolFlags } from "./tools.ts";

export interface GenerateFlags
  extends ConnectionFlags, SamplingFlags, CallOptionFlags, ConstraintFlags, ToolFlags {
  readonly model: string;
  readonly chat?: boolean;
  readonly system?: string;
  readonly continue?: string;
  readonly stop: readonly string[];
  readonly truncation: keyof typeof truncations;
  readonly includePrompt?: boolean;
  readonly json?: boolean;
}

export async function generate(argument: string | undefined, flags: GenerateFlags): Promise<void> {
  const request = requestOf(await readText(argument, "the prompt"), flags);
  const print = flags.json === true ? printJson : printText;
  await withServer(flags, (server) => print(server, request));
}

/** The request for a command line. `--chat`, and flags that only a chat has, turn the prompt into a conversation. */
export function requestOf(prompt: string, flags: GenerateFlags): GenerateRequest {
  const given = samplingKeys.filter((key) => flags[key] !== undefined);
  const scalars = Object.fromEntries(given.map((key) => [key, flags[key]]));
  const { seed, ignoreEos, logitBias, stop } = flags;
  const call = callOptionsOf(flags);
  const constraint = constraintOf(flags);
  return GenerateRequest.fromPartial({
    model: flags.model,
    input: inputOf(prompt, flags),
    sampling: {
      ...scalars,
      ...(seed === undefined ? {} : { seed }),
      logitBias,
      ...(ignoreEos === true ? { ignoreEos } : {}),
      stop,
    },
    truncation: truncations[flags.truncation],
    includePrompt: flags.includePrompt ?? false,
    ...(constraint && { constraint }),
    ...(call !== undefined && { call }),
  });
}

function inputOf(prompt: string, flags: GenerateFlags): NonNullable<GenerateRequest["input"]> {
  const { system, continue: begun } = flags;
  if (!isChat(flags)) return { $case: "prompt", value: prompt };
  const messages = [
    ...(system === undefined ? [] : [{ role: Role.SYSTEM, content: system }]),
    { role: Role.USER, content: prompt },
    ...(begun === undefined ? [] : [{ role: Role.ASSISTANT, content: begun }]),
  ];
  const chat = { messages, continueLast: begun !== undefined, ...chatPartsOf(flags) };
  return { $case: "chat", value: Chat.fromPartial(chat) };
}

const isChat = ({ chat, system, tools, toolChoice, templateArg, ...flags }: GenerateFlags) =>
  chat === true ||
  [system, tools, toolChoice, flags.continue].some((given) => given !== undefined) ||
  templateArg.length > 0;
