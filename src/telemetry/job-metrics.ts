/** Metrics of jobs: how they wait, how long they take, which tokens they read and generate. Part of the one table in `table.ts`. */
import { callBuckets, type Metric, stepBuckets } from "./metric.ts";

export const jobMetrics = {
  jobsWaiting: {
    name: "inferd_jobs_waiting",
    type: "gauge",
    labels: ["model"],
    help: "Jobs that wait for a slot.",
    elsewhere: {
      vLLM: "vllm:num_requests_waiting",
      "llama-server": "llamacpp:requests_deferred",
    },
  },
  failedJobs: {
    name: "inferd_failed_jobs_total",
    type: "counter",
    labels: ["model", "stage", "reason"],
    help: "Jobs that ended without finishing, each counted once, by reason and stage. `admission`: before the queue. `queue`: waiting for a slot. `suspect`: in quarantine, where jobs that ran when a worker died are retried one at a time. `worker`: held by a worker.",
  },
  queueWait: {
    name: "inferd_queue_wait_seconds",
    type: "histogram",
    labels: ["model"],
    help: "Time from a call's arrival to the first step of its job. Counts jobs that started.",
    elsewhere: { vLLM: "vllm:request_queue_time_seconds" },
    buckets: callBuckets,
  },
  jobsRunning: {
    name: "inferd_jobs_running",
    type: "gauge",
    labels: ["model"],
    help: "Jobs that the model's workers hold.",
    elsewhere: {
      vLLM: "vllm:num_requests_running",
      "llama-server": "llamacpp:requests_processing",
    },
  },
  timeToFirstToken: {
    name: "inferd_time_to_first_token_seconds",
    type: "histogram",
    labels: ["model"],
    help: "Time from a call's arrival to the first piece of its completion.",
    elsewhere: {
      vLLM: "vllm:time_to_first_token_seconds",
      OpenTelemetry: "gen_ai.server.time_to_first_token",
    },
    buckets: callBuckets,
  },
  interTokenLatency: {
    name: "inferd_inter_token_latency_seconds",
    type: "histogram",
    labels: ["model"],
    help: "Time between two pieces of one completion, when the server takes them to send. Includes the time spent waiting for a client that does not read.",
    elsewhere: {
      vLLM: "vllm:inter_token_latency_seconds",
      OpenTelemetry: "gen_ai.server.time_per_output_token",
    },
    buckets: stepBuckets,
  },
  prefill: {
    name: "inferd_prefill_seconds",
    type: "histogram",
    labels: ["model"],
    help: "Time from a job's first step until its prompt was computed, or its texts were embedded. Counts jobs that finished.",
    elsewhere: { vLLM: "vllm:request_prefill_time_seconds" },
    buckets: callBuckets,
  },
  decode: {
    name: "inferd_decode_seconds",
    type: "histogram",
    labels: ["model"],
    help: "Time from a completion's first token to its last. Counts jobs that finished.",
    elsewhere: { vLLM: "vllm:request_decode_time_seconds" },
    buckets: callBuckets,
  },
  promptTokens: {
    name: "inferd_prompt_tokens_total",
    type: "counter",
    labels: ["model"],
    help: "Tokens of prompts and of embedded texts, cached tokens included. Counts jobs that finished, and texts of other jobs whose vectors were delivered. The length of the prompt of an unfinished completion is not known; `inferd_failed_jobs_total` counts such jobs at the stage `worker`.",
    elsewhere: {
      vLLM: "vllm:prompt_tokens_total",
      "llama-server": "llamacpp:prompt_tokens_total",
    },
  },
  cachedPromptTokens: {
    name: "inferd_cached_prompt_tokens_total",
    type: "counter",
    labels: ["model"],
    help: "Prompt tokens that were taken from a cache and not computed. Counts jobs that finished.",
    elsewhere: { vLLM: "vllm:prefix_cache_hits_total" },
  },
  completionTokens: {
    name: "inferd_completion_tokens_total",
    type: "counter",
    labels: ["model"],
    help: "Tokens generated and delivered to calls. Jobs that finished count by their usage. Unfinished jobs count as pieces are delivered, a piece without token ids as one token.",
    elsewhere: {
      vLLM: "vllm:generation_tokens_total",
      "llama-server": "llamacpp:tokens_predicted_total",
    },
  },
  unfinishedTokens: {
    name: "inferd_unfinished_tokens_total",
    type: "counter",
    labels: ["model"],
    help: "Tokens delivered by jobs that did not finish: the client left, the deadline passed or a worker died. They are in `inferd_completion_tokens_total` too, or for embeddings in `inferd_prompt_tokens_total`; subtract them to get the tokens of finished jobs. Tokens computed after a call's end are only in `inferd_wasted_tokens_total`.",
  },
  prefixHits: {
    name: "inferd_prefix_cache_hits_total",
    type: "counter",
    labels: ["model"],
    help: "Jobs that finished and whose prompt began like a cached one. Divide by the count of `inferd_decode_seconds` to get the share of hits.",
  },
  cancelToFree: {
    name: "inferd_cancel_to_free_seconds",
    type: "histogram",
    labels: ["model"],
    help: "Time from the end of a call whose job still runs until its worker confirms that the slot is free.",
    buckets: stepBuckets,
  },
  wastedTokens: {
    name: "inferd_wasted_tokens_total",
    type: "counter",
    labels: ["model"],
    help: "Tokens computed for jobs whose calls had ended: those of pieces, one without token ids as one token, and those of embedded texts. A cancelled job wastes the step in progress, and the steps that end before the worker learns of it. That is one slow step, or a few steps of a millisecond.",
  },
} as const satisfies Record<string, Metric>;
