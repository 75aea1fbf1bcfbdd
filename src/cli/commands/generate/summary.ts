import { type Finish, FinishReason } from "../../../../gen/inferd/v1/generation_service.ts";
import { seconds } from "../../call-error.ts";
import { quantity } from "../../print.ts";

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
