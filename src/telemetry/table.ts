/** Every metric, once: what is counted, what `/metrics` says of it and `docs/reference/metrics.md` come from here. */
import { callMetrics } from "./call-metrics.ts";
import { jobMetrics } from "./job-metrics.ts";
import { workerMetrics } from "./worker-metrics.ts";

export const metrics = { ...callMetrics, ...jobMetrics, ...workerMetrics } as const;
