/** A measurement as a person reads it. */
import type { Spread } from "../lib/statistics.ts";
import type { Measurement } from "./measure.ts";

export function measurementText(measured: Measurement): string {
  const { client, errors } = measured;
  const failures = Object.entries(errors).map(([code, count]) => `${count} ${code}`);
  const head = [
    ["calls", `${measured.completed} completed of ${measured.calls}${othersText(measured)}`],
    ["errors", failures.length === 0 ? "none" : failures.join(", ")],
    ["elapsed", `${(measured.elapsedMs / 1000).toFixed(2)} s`],
    ["calls/s", String(measured.callsPerSecond)],
    ["tokens/s", `${measured.tokensPerSecond} (${measured.tokens} tokens)`],
    ["prompts", `${measured.promptTokens} tokens, ${measured.cachedPromptTokens} from a cache`],
    ["this client", `${client.cpuPercent} % of a core, ${client.cpuMsPerCall} ms a call`],
  ];
  const spreads: [string, Spread | undefined][] = [
    ["time to first token, ms", measured.timeToFirstTokenMs],
    ["gap between tokens, ms", measured.gapMs],
    ["tokens/s of a stream", measured.streamTokensPerSecond],
    ["whole call, ms", measured.callMs],
    ["queued in the server, ms", measured.serverQueueMs],
    ["call begun late, ms", measured.lateMs],
  ];
  const columns = ["mean", "p50", "p95", "p99", "max"] as const;
  const rows = spreads.flatMap(([name, values]) =>
    values === undefined ? [] : [[name, ...columns.map((column) => String(values[column]))]],
  );
  return [...alignLeft(head), "", ...alignRight([["", ...columns], ...rows])].join("\n");
}

function othersText({ cancelled, cutOff }: Measurement): string {
  const cancelledText = cancelled > 0 ? `, ${cancelled} cancelled as told` : "";
  return cutOff > 0 ? `${cancelledText}, ${cutOff} cut off at the end` : cancelledText;
}

function alignLeft(rows: readonly (readonly string[])[]): readonly string[] {
  return rows.map(([name = "", value = ""]) => `${name.padEnd(12)} ${value}`);
}

/** The first column is names; the others are numbers. */
function alignRight(rows: readonly (readonly string[])[]): readonly string[] {
  const width = Math.max(...rows.map(([name = ""]) => name.length));
  return rows.map(([name = "", ...cells]) =>
    [name.padEnd(width), ...cells.map((cell) => cell.padStart(9))].join(" "),
  );
}
