/** One call, and when its first token came. */
import type { LoadClock } from "./drive.ts";
import type { StreamEnd, StreamRequest, StreamTarget } from "./target.ts";

export interface TimedCall {
  readonly firstTokenMs: number;
  /** Those that the server told; it may tell fewer than it generated. */
  readonly ids: readonly number[];
  readonly end: StreamEnd;
}

/** Throws where the call fails or gives no token. */
export async function timedCall(
  target: StreamTarget,
  request: StreamRequest,
  clock: Pick<LoadClock, "now">,
): Promise<TimedCall> {
  const startMs = clock.now();
  const ids: number[] = [];
  let firstTokenMs: number | undefined;
  const end = await target(request, {
    signal: new AbortController().signal,
    onTokens: () => (firstTokenMs ??= clock.now() - startMs),
    onIds: (some) => ids.push(...some),
  });
  if (firstTokenMs === undefined || end.code !== "OK") {
    throw new Error(`a call was not answered: ${end.code}`);
  }
  return { firstTokenMs, ids, end };
}
