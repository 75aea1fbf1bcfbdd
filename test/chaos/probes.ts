/** What only calls can tell of a server that has come to rest: what it has counted. */
import { type Made, spent } from "./accounts.ts";
import { begin, type Seen } from "./call.ts";
import { metricsOf } from "./invariants.ts";
import type { CallPlan } from "./schedule.ts";
import { type Site, tokensPerDay } from "./site.ts";

const dayMs = 86_400_000;
/** Tokens: the bucket fills while the first call is on its way there, and the last refusal on its way back. */
const slack = 20;

/** As the server estimates a prompt that it has not read. */
const bytesPerToken = 4;

type Asked = Pick<CallPlan, "method" | "key" | "size" | "padding">;

async function ask(site: Site, asked: Asked): Promise<Seen> {
  const plan = { ...asked, manner: { kind: "waits" }, number: 0 } as const;
  const caller = { client: site.client, apiKey: site.key(asked.key), now: () => performance.now() };
  const { seen, ended } = begin(plan, caller);
  await ended;
  return seen;
}

/**
 * Holds the ledger of quotas against what callers saw. A call for more tokens than `steady` may ever have is
 * told how long its bucket takes to fill: that tells what it has used.
 */
export async function ledgerProblem(
  site: Site,
  made: readonly Made[],
): Promise<string | undefined> {
  const padding = bytesPerToken * tokensPerDay;
  const asked = { method: "generate", key: "steady", size: 1, padding } as const;
  const { reason, retryMs = 0, untilMs } = await ask(site, asked);
  const steady = made.filter(({ plan }) => plan.key === "steady");
  const sinceMs = untilMs - (steady[0]?.seen.fromMs ?? 0);
  const used = ((retryMs + sinceMs) * tokensPerDay) / dayMs;
  const sum = (bound: "least" | "most"): number =>
    steady.reduce((total, each) => total + spent(each)[bound], 0);
  const isRight = used > sum("least") - slack && used < sum("most") + slack;
  if (reason === "QUOTA_EXCEEDED" && isRight) return undefined;
  return `${used} tokens were counted (${reason}), ${sum("least")} to ${sum("most")} were seen`;
}

/** Has as many streams as there are slots: they run side by side where no ended call has kept its own. */
export async function slotsProblem(site: Site): Promise<string | undefined> {
  const slots = (await metricsOf(site)).get("inferd_slots", { model: "inferd-demo" }) ?? 0;
  const asked = { method: "generateStream", key: "hasty", size: 300 } as const;
  const seen = await Promise.all(Array.from({ length: slots }, () => ask(site, asked)));
  const firstEndMs = Math.min(...seen.map(({ untilMs }) => untilMs));
  const together = seen.filter(({ firstMs }) => firstMs < firstEndMs).length;
  if (together === slots && slots > 0) return undefined;
  return `of ${slots} streams, for as many slots, ${together} ran side by side`;
}

/** Gives how a call ends of each who may have one at a time from now on, and so find one that is still counted. */
export async function endsWhereSingle(site: Site): Promise<readonly string[]> {
  await site.reload({ concurrentCalls: 1 });
  const one = { method: "generate", size: 1 } as const;
  const hasty = await ask(site, { ...one, key: "hasty" });
  const visitor = await ask(site, { ...one, key: "visitor" });
  return [hasty.code, visitor.code];
}
