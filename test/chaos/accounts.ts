/** Whether the server's books agree with what its callers saw. Pure. */
import type { Samples } from "../fixtures/prometheus.ts";
import type { LogLine } from "../real-server.ts";
import { methods, textsOf } from "./answers.ts";
import type { Seen } from "./call.ts";
import type { CallPlan } from "./schedule.ts";

export interface Made {
  readonly plan: CallPlan;
  readonly seen: Seen;
}

/**
 * Finds lines of the log for all calls whose end their callers had from the server, which say the same of
 * them, tokens included. What is left is of calls that their callers ended themselves: each has a line at
 * most, and has one if it had a response before.
 */
export function logProblems(calls: readonly Made[], log: readonly LogLine[]): readonly string[] {
  const lines = log.filter(isOfCall);
  const logged = new Map<string, number>();
  for (const line of lines) {
    const key = lineKey(line);
    logged.set(key, (logged.get(key) ?? 0) + callsOf(line));
  }
  const own = calls.filter(({ seen }) => isOwnEnd(seen));
  const others = calls.filter(({ seen }) => !isOwnEnd(seen));
  const problems = [...Map.groupBy(others, callKey)].flatMap(([key, { length }]) => {
    const found = logged.get(key) ?? 0;
    return found < length ? [`${length} callers saw ${key}, ${found} lines say so`] : [];
  });
  const left = lines.reduce((sum, line) => sum + callsOf(line), 0) - others.length;
  const least = own.filter(({ seen }) => seen.responses > 0).length;
  if (left >= least && left <= own.length) return problems;
  return [...problems, `${left} lines for ${own.length} calls that their callers ended`];
}

/** Counts of calls and tokens by name, as the log has them; those of nothing are left out. */
export function loggedCounts(log: readonly LogLine[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const line of log.filter(isOfCall)) {
    const { method, model = "", code, reason = "", promptTokens = 0, completionTokens = 0 } = line;
    const isBrokenOff = line.finishReason === undefined;
    add(counts, endKey({ method, model, code, reason }), callsOf(line));
    add(counts, `prompt tokens ${model}`, promptTokens);
    add(counts, `completion tokens ${model}`, completionTokens);
    if (isBrokenOff) add(counts, `broken off tokens ${model}`, completionTokens);
  }
  return counts;
}

/** The same, as the metrics have them. */
export function countedBy(metrics: Samples): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  const ends = metrics.of("inferd_calls_total");
  for (const { labels, value } of ends) {
    if (!isInHaste(labels)) add(counts, endKey(labels), value);
  }
  // The log has a line for each that began, and one for many that were turned away.
  const rejections = metrics.of("inferd_rejected_total").filter(({ labels }) => isInHaste(labels));
  add(
    counts,
    endKey(inHaste),
    sumOf(ends.filter(({ labels }) => isInHaste(labels))) - sumOf(rejections),
  );
  for (const what of ["prompt", "completion"]) {
    for (const { labels, value } of metrics.of(`inferd_${what}_tokens_total`)) {
      add(counts, `${what} tokens ${labels["model"]}`, value);
    }
  }
  const writers = metrics.of("inferd_completion_tokens_total").map(({ labels }) => labels["model"]);
  for (const { labels, value } of metrics.of("inferd_unfinished_tokens_total")) {
    const { model } = labels;
    // The log does not tell whether a job of embeddings finished.
    if (writers.includes(model)) add(counts, `broken off tokens ${model}`, value);
  }
  return counts;
}

const brokenOff: readonly Seen["reason"][] = ["WORKER_EXITED", "REQUEST_QUARANTINED"];

/** What a call cost its key, as far as its caller can know. */
export function spent({ plan, seen }: Made): { readonly least: number; readonly most: number } {
  const { usage } = seen.answer;
  if (usage !== undefined) {
    const tokens = usage.promptTokens + usage.completionTokens;
    return { least: tokens, most: tokens };
  }
  // What a worker's death broke off costs its prompt by an estimate, and the tokens that came.
  const prompt = textsOf(plan).reduce((sum, text) => sum + Math.ceil(text.length / 4), 0);
  if (!brokenOff.includes(seen.reason)) return { least: 0, most: 0 };
  if (plan.method !== "generateStream") return { least: 0, most: prompt + plan.size };
  const tokens = seen.responses === 0 ? 0 : prompt + seen.tokens;
  return { least: tokens, most: tokens };
}

/** Whether the caller's side ended it: the server has its own view of that. */
function isOwnEnd({ code, reason }: Seen): boolean {
  return code !== "OK" && reason === undefined;
}

/** Who is refused at the door is in the audit instead: the first few have a line each, the others one together. */
function isOfCall({ msg }: LogLine): boolean {
  return msg === "call" || msg === "refused" || msg === "refused as well";
}

function callsOf({ count = 1 }: LogLine): number {
  return count;
}

/** The audit's sums do not tell calls of one reason apart by their methods. */
const doorReasons: ReadonlySet<string> = new Set(["CREDENTIAL_INVALID", "QUOTA_EXCEEDED"]);

function methodOf(method: string | undefined, reason: string | undefined): string | undefined {
  return doorReasons.has(reason ?? "") ? "any" : method;
}

function callKey({ plan: { method }, seen: { code, reason, answer } }: Made): string {
  const { promptTokens = 0, completionTokens = 0 } = answer.usage ?? {};
  const path = methodOf(methods[method].path.slice(1), reason);
  return `${path} ${code} ${reason ?? ""} ${promptTokens} ${completionTokens}`;
}

function lineKey({ method, code, reason = "", ...line }: LogLine): string {
  // Of one that was broken off only the server knows.
  const { promptTokens = 0, completionTokens = 0 } = code === "OK" ? line : {};
  return `${methodOf(method, reason)} ${code} ${reason} ${promptTokens} ${completionTokens}`;
}

type Labels = Readonly<Record<string, string | undefined>>;

/** Where a deadline passes before a call's method has begun, the call is turned away, and no method is told. */
const inHaste = { method: "any", model: "", code: "DEADLINE_EXCEEDED", reason: "DEADLINE_PASSED" };

function isInHaste({ model = "", reason }: Labels): boolean {
  return model === inHaste.model && reason === inHaste.reason;
}

function endKey(labels: Labels): string {
  const { method, model, code, reason } = isInHaste(labels) ? inHaste : labels;
  return `calls ${methodOf(method, reason)} ${model} ${code} ${reason}`;
}

function sumOf(samples: ReturnType<Samples["of"]>): number {
  return samples.reduce((sum, { value }) => sum + value, 0);
}

function add(counts: Record<string, number>, key: string, count: number): void {
  if (count > 0) counts[key] = (counts[key] ?? 0) + count;
}
