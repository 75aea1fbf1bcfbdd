import { expect, it } from "vitest";
import { ServeError, type Reason } from "../../../src/base/errors.ts";
import { metered } from "../../../src/services/access.ts";

/** Runs a job that fails before its first event, and says what its caller is charged. */
async function chargedFor(reason: Reason, facts: Readonly<Record<string, string>> = {}) {
  let charged = -1;
  const caller = {
    id: "somebody",
    cacheScope: "",
    sees: () => true,
    readable: () => Promise.resolve(() => true),
    priority: "interactive" as const,
    use: () => undefined,
    reserve: () => (tokens: number) => {
      charged = tokens;
    },
  };
  // eslint-disable-next-line @typescript-eslint/require-await
  const run = async function* (): AsyncGenerator<{ kind: string }> {
    throw new ServeError(reason, "no", { facts });
  };
  const events = metered({ caller, record: {} }, { prompt: 1000, completion: 50 }, run);
  await expect(events.next()).rejects.toThrow("no");
  return charged;
}

it.each([
  ["CHAT_TOO_SLOW", {}, 1000],
  ["FIELD_INVALID", {}, 1000],
  ["PROMPT_TOO_LONG", { mostTokens: "100" }, 100],
  ["PROMPT_TOO_LONG", { mostTokens: "5000" }, 1000],
  ["QUEUE_FULL", {}, 0],
  ["MODEL_NOT_READY", {}, 0],
] as const)(
  "charges for what a model read before it refused it: %s %j",
  async (reason, facts, tokens) => {
    expect(await chargedFor(reason, facts)).toBe(tokens);
  },
);
