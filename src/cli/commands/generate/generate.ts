/** `inferd generate`: prints text to standard output as the model produces it. */
import {
  Chat,
  type Finish,
  FinishReason,
  GenerateRequest,
  GenerateStreamResponse,
  GenerationServiceService,
  Role,
} from "../../../../gen/inferd/v1/generation_service.ts";
import { seconds } from "../../call-error.ts";
import { callOptionsOf } from "../../call-options.ts";
import { type Server, withServer } from "../../client.ts";
import { jsonWriter } from "../../contract.ts";
import type { CallOptionFlags } from "../../flags/call-options.ts";
import type { ConnectionFlags } from "../../flags/connection.ts";
import { readText } from "../../input.ts";
import { quantity, remark, write, writeJson } from "../../print.ts";
import { truncations } from "../../truncations.ts";
import { type ConstraintFlags, constraintOf } from "./constraint.ts";
import { type SamplingFlags, samplingKeys } from "./sampling-flags.ts";

export interface GenerateFlags
  extends ConnectionFlags, SamplingFlags, CallOptionFlags, ConstraintFlags {
  readonly model: string;
  readonly chat?: boolean;
  readonly system?: string;
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

/** The request for a command line. `--system` or `--chat` turns the prompt into a conversation. */
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

function inputOf(
  prompt: string,
  { chat, system }: GenerateFlags,
): NonNullable<GenerateRequest["input"]> {
  if (chat !== true && system === undefined) return { $case: "prompt", value: prompt };
  const said = [
    ...(system === undefined ? [] : [{ role: Role.SYSTEM, content: system }]),
    { role: Role.USER, content: prompt },
  ];
  return { $case: "chat", value: Chat.fromPartial({ messages: said }) };
}

async function printText(server: Server, request: GenerateRequest): Promise<void> {
  let last = "";
  try {
    for await (const { event } of server.call(GenerationServiceService.generateStream, [request])) {
      if (event?.$case === "piece") {
        last = event.value.text;
        await write(last);
      } else if (event?.$case === "finish") {
        if (!last.endsWith("\n")) await write("\n");
        last = "\n";
        remark(summary(event.value));
      }
    }
  } finally {
    // After an interrupted line, an error or the shell's prompt starts a new line.
    if (last !== "" && !last.endsWith("\n")) await write("\n");
  }
}

async function printJson(server: Server, request: GenerateRequest): Promise<void> {
  const toJson = jsonWriter("inferd.v1.GenerateStreamResponse");
  for await (const event of server.call(GenerationServiceService.generateStream, [request])) {
    await writeJson(toJson(GenerateStreamResponse.encode(event).finish()));
  }
}

/** Such as `64 tokens in 0.52 s, 126 tokens/s, first after 31 ms, ended by max_tokens`. */
export function summary({ reason, stopSequence, usage, timings }: Finish): string {
  const tokens = usage?.completionTokens ?? 0;
  const total = timings?.total === undefined ? 0 : seconds(timings.total);
  const decode = timings?.decode === undefined ? 0 : seconds(timings.decode);
  const first = timings?.timeToFirstToken;
  // The first token comes from the prompt's step. The rate is that of the tokens after it.
  const rate = tokens > 1 && decode > 0 ? [`${((tokens - 1) / decode).toFixed(0)} tokens/s`] : [];
  const wait = first === undefined ? [] : [`first after ${(seconds(first) * 1000).toFixed(0)} ms`];
  const took = `${quantity(tokens, "token")} in ${total.toFixed(2)} s`;
  return [took, ...rate, ...wait, endOf(reason, stopSequence)].join(", ");
}

function endOf(reason: FinishReason, stopSequence: string): string {
  switch (reason) {
    case FinishReason.STOP:
      return "the model ended";
    case FinishReason.LENGTH:
      return "cut at its length";
    case FinishReason.STOP_SEQUENCE:
      return `stopped at ${JSON.stringify(stopSequence)}`;
    case FinishReason.TOOL_CALLS:
      return "asked for tools";
    case FinishReason.CANCELLED:
      return "stopped by the server";
    case FinishReason.UNSPECIFIED:
    default:
      return "ended";
  }
}
