/** Metrics of models, their workers and their memory, and of the front process. Part of the one table in `table.ts`. */
import type { Metric } from "./metric.ts";

export const workerMetrics = {
  slots: {
    name: "inferd_slots",
    type: "gauge",
    labels: ["model"],
    help: "Jobs that the model's ready workers can hold at once.",
  },
  modelReady: {
    name: "inferd_model_ready",
    type: "gauge",
    labels: ["model"],
    help: "1 while the model serves. 0 while it loads, after it failed, or while it finishes its last calls.",
  },
  stepJobs: {
    name: "inferd_step_jobs",
    type: "histogram",
    labels: ["model"],
    help: "Sequences or texts that one step of an engine computed together. Only for engines that report it.",
    buckets: [1, 2, 4, 8, 16, 32, 64, 128, 256],
  },
  cells: {
    name: "inferd_kv_cells",
    type: "gauge",
    labels: ["model"],
    help: "Tokens that the KV memory of the model's workers can hold.",
  },
  usedCells: {
    name: "inferd_kv_used_cells",
    type: "gauge",
    labels: ["model"],
    help: "Tokens that the KV memory holds, caches included. A token that two sequences share counts for each, so the value can exceed `inferd_kv_cells`.",
    elsewhere: { vLLM: "vllm:kv_cache_usage_perc" },
  },
  prefixBytes: {
    name: "inferd_prefix_memory_bytes",
    type: "gauge",
    labels: ["model"],
    help: "Bytes of prompt prefixes that the model's workers keep outside their KV memory. Only for engines that keep them.",
  },
  prefixLimitBytes: {
    name: "inferd_prefix_memory_limit_bytes",
    type: "gauge",
    labels: ["model"],
    help: "Upper limit of `inferd_prefix_memory_bytes`.",
  },
  prefixesSaved: {
    name: "inferd_prefix_saved_total",
    type: "counter",
    labels: ["model"],
    help: "Prompt prefixes written to the memory that `inferd_prefix_memory_bytes` measures.",
  },
  prefixesRestored: {
    name: "inferd_prefix_restored_total",
    type: "counter",
    labels: ["model"],
    help: "Jobs whose prompt prefix was restored from that memory. Prefixes that were still in the KV memory do not count; `inferd_prefix_cache_hits_total` counts both, for jobs that finished.",
  },
  prefixesEvicted: {
    name: "inferd_prefix_evicted_total",
    type: "counter",
    labels: ["model"],
    help: "Prompt prefixes evicted from that memory to make room.",
  },
  workerRestarts: {
    name: "inferd_worker_restarts_total",
    type: "counter",
    labels: ["model"],
    help: "Workers that died, or hung and were killed, and are started again.",
  },
  loopLag: {
    name: "inferd_event_loop_lag_seconds",
    type: "histogram",
    labels: [],
    help: "Delay of a timer in the front process, sampled ten times a second. It delays every call and every probe.",
    elsewhere: { "prom-client": "nodejs_eventloop_lag_seconds" },
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5],
  },
} as const satisfies Record<string, Metric>;
