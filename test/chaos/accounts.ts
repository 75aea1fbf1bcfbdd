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

/** The log's one line for each call: what ended it, and what it used. Those refused at the door have an audit line. */
export function linesOf(log: readonly LogLine[]): readonly LogLine[] {
  return log.filter(({ msg }) => msg === "call" || msg === "refused");
}

/**
 * Finds for each call whose end its caller had from the server a line of its own that says the same, tokens
 * included. The lines that are left are of calls that their callers ended: of each method at most as many as
 * those, and at least as many as had a response before.
 */
export function logProblems(calls: readonly Made[], log: readonly LogLine[]): readonly string[] {
  const left = new Map<string, number>();
  for (const line of linesOf(log)) add(left, lineKey(line), 1);
  const problems: string[] = [];
  for (const { plan, seen } of calls) {
    if (isOwnEnd(seen)) continue;
    const key = callKey(plan, seen);
    if ((left.get(key) ?? 0) === 0) problems.push(`no line of the log says ${key}`);
    else add(left, key, -1);
  }
  for (const { path, isStream } of Object.values(methods)) {
    const own = calls.filter(
      ({ plan, seen }) => isOwnEnd(seen) && methods[plan.method].path === path,
    );
    const least = isStream ? own.filter(({ seen }) => seen.responses > 0).length : 0;
    const lines = [...left].reduce(
      (sum, [key, count]) => sum + (key.startsWith(`${path.slice(1)} `) ? count : 0),
      0,
    );
    if (lines < least || lines > own.length) {
      problems.push(
        `${lines} lines are left for ${own.length} calls of ${path} that callers ended`,
      );
    }
  }
  return problems;
}

/** Holds the metrics against the log: both have every call, and every token of a job that finished. */
export function metricProblems(metrics: Samples, log: readonly LogLine[]): readonly string[] {
  const logged = new Map<string, number>();
  for (const line of log.filter(({ msg }) => msg === "call")) {
    const { method, model = "", code, reason = "", promptTokens = 0, completionTokens = 0 } = line;
    add(logged, `calls ${method} ${model} ${code} ${reason}`, 1);
    add(logged, `prompt tokens ${model}`, promptTokens);
    add(logged, `completion tokens ${model}`, completionTokens);
  }
  const counted = countedBy(metrics);
  return [...new Set([...counted.keys(), ...logged.keys()])].flatMap((key) => {
    const [metric, line] = [counted.get(key) ?? 0, logged.get(key) ?? 0];
    return metric === line ? [] : `${key}: ${metric} by the metrics, ${line} by the log`;
  });
}

function countedBy(metrics: Samples): ReadonlyMap<string, number> {
  const counted = new Map<string, number>();
  for (const { labels, value } of metrics.of("inferd_calls_total")) {
    const { method, model, code, reason } = labels;
    add(counted, `calls ${method} ${model} ${code} ${reason}`, value);
  }
  for (const what of ["prompt", "completion"]) {
    for (const { labels, value } of metrics.of(`inferd_${what}_tokens_total`)) {
      add(counted, `${what} tokens ${labels["model"]}`, value);
    }
  }
  return counted;
}

/** What a call cost its key, as far as its caller can know. */
export function spent({ plan, seen }: Made): { readonly least: number; readonly most: number } {
  const { usage } = seen.answer;
  if (usage !== undefined) {
    const tokens = usage.promptTokens + usage.completionTokens;
    return { least: tokens, most: tokens };
  }
  // What was broken off costs its prompt by an estimate, and a token for each event.
  const prompt = textsOf(plan).reduce((sum, text) => sum + Math.ceil(text.length / 4), 0);
  if (seen.code !== "UNAVAILABLE" || methods[plan.method].model === undefined) {
    return { least: 0, most: 0 };
  }
  if (plan.method !== "generateStream") return { least: 0, most: prompt + plan.size };
  const tokens = seen.responses === 0 ? 0 : prompt + seen.responses;
  return { least: tokens, most: tokens };
}

/** Whether the caller's side ended it: the server has its own view of that. */
function isOwnEnd({ code, reason }: Seen): boolean {
  return code !== "OK" && reason === undefined;
}

function callKey({ method }: CallPlan, { code, reason, answer: { usage } }: Seen): string {
  const tokens = usage && `${usage.promptTokens} ${usage.completionTokens}`;
  return `${methods[method].path.slice(1)} ${code} ${reason ?? ""} ${tokens ?? ""}`;
}

function lineKey({
  method,
  code,
  reason = "",
  promptTokens,
  completionTokens = 0,
}: LogLine): string {
  const isDone = code === "OK" && promptTokens !== undefined;
  return `${method} ${code} ${reason} ${isDone ? `${promptTokens} ${completionTokens}` : ""}`;
}

function add(counts: Map<string, number>, key: string, count: number): void {
  counts.set(key, (counts.get(key) ?? 0) + count);
}
