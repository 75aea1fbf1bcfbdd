/** Writes docs/reference/metrics.md from the table of metrics. */
import { writeFileSync } from "node:fs";
import { type Metric, metrics } from "../src/telemetry/table.ts";

function row(metric: Metric): string {
  const labels = metric.labels.map((label) => `\`${label}\``).join(", ");
  const like = metric.like?.split(", ").map((name) => `\`${name}\``) ?? [];
  return `| \`${metric.name}\` | ${metric.type} | ${labels} | ${metric.help} | ${like.join(", ")} |`;
}

function bucketRow(metric: Metric): readonly string[] {
  return metric.type === "histogram"
    ? [`| \`${metric.name}\` | ${metric.buckets.join(", ")} |`]
    : [];
}

const all: readonly Metric[] = Object.values(metrics);

const page = `# Metrics

<!-- Generated from src/telemetry/table.ts by tools/docs-metrics.ts. Do not edit: run "make docs". -->

\`inferd serve --metrics-port <n>\` answers \`/metrics\` in Prometheus' text format. Without the flag nothing listens and nothing is counted.
The text is made anew at most every 100 ms, so scraping faster costs no more.

Labels take values from closed sets: \`method\` is a method that this server has or \`unknown\`, \`model\` a model that it has loaded, \`code\` one of gRPC's, \`reason\`
one of [errors.md](errors.md), \`stage\` where a job can be. What callers make up is never a label. Times are in seconds.

The last column is what [vLLM](https://docs.vllm.ai/en/stable/usage/metrics/) (\`vllm:\`) and
[OpenTelemetry](https://github.com/open-telemetry/semantic-conventions-genai/blob/main/docs/gen-ai/gen-ai-metrics.md) (\`gen_ai.\`) call the same, or nearly: what
begins and ends an interval, and what counts, is as the fourth column says.

| Metric | Type | Labels | Meaning | Elsewhere |
| --- | --- | --- | --- | --- |
${all.map(row).join("\n")}

## Buckets

Upper bounds, each histogram's own; \`+Inf\` follows.

| Metric | Bounds |
| --- | --- |
${all.flatMap(bucketRow).join("\n")}
`;

writeFileSync(new URL("../docs/reference/metrics.md", import.meta.url), page);
