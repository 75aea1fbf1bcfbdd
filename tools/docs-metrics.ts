/** Writes docs/reference/metrics.md from the table of metrics. */
import { writeFileSync } from "node:fs";
import type { Metric } from "../src/telemetry/metric.ts";
import { metrics } from "../src/telemetry/table.ts";
import { elsewhereCell, sourcesOf } from "./elsewhere.ts";

function row(metric: Metric): string {
  const labels = metric.labels.map((label) => `\`${label}\``).join(", ");
  const elsewhere = elsewhereCell(metric.elsewhere);
  return `| \`${metric.name}\` | ${metric.type} | ${labels} | ${metric.help} | ${elsewhere} |`;
}

function bucketRow(metric: Metric): readonly string[] {
  return metric.type === "histogram"
    ? [`| \`${metric.name}\` | ${metric.buckets.join(", ")} |`]
    : [];
}

const all: readonly Metric[] = Object.values(metrics);

const pages = {
  OpenTelemetry:
    "https://github.com/open-telemetry/semantic-conventions-genai/blob/main/docs/gen-ai/gen-ai-metrics.md",
  vLLM: "https://docs.vllm.ai/en/stable/usage/metrics/",
};

const page = `# Metrics

<!-- Generated from src/telemetry/table.ts by tools/docs-metrics.ts. Do not edit: run "make docs". -->

\`inferd serve --metrics-port <n>\` answers \`/metrics\` in Prometheus' text format. Without the flag, no port is opened and nothing is counted.
The text is rebuilt at most every 100 ms, so frequent scrapes cost no more.

Labels take values from closed sets. \`method\` is a method of this server or \`unknown\`, \`model\` a loaded model, \`code\` a gRPC code,
\`reason\` one of [errors.md](errors.md), and \`stage\` a stage of a job. No label holds text from a client. Times are in seconds.

The last column names the same metric, or nearly the same, in other systems. Intervals and counts can differ: the fourth column defines
inferd's. Sources: ${sourcesOf(all, pages)}.

| Metric | Type | Labels | Meaning | Elsewhere |
| --- | --- | --- | --- | --- |
${all.map(row).join("\n")}

## Buckets

Upper bounds of each histogram; \`+Inf\` follows.

| Metric | Bounds |
| --- | --- |
${all.flatMap(bucketRow).join("\n")}
`;

writeFileSync(new URL("../docs/reference/metrics.md", import.meta.url), page);
