/**
 * Every metric, once: what is counted, what `/metrics` says of it and `docs/reference/metrics.md` come
 * from here. Labels take values from closed sets only: methods that are served, models that are loaded,
 * gRPC's codes, the reasons of the one table, the stages of a job. `unknown` is the
 * method of calls to none that is served.
 */
export type Label = "method" | "model" | "code" | "reason" | "stage";

export type Metric =
  | {
      readonly type: "counter" | "gauge";
      readonly name: string;
      readonly labels: readonly Label[];
      readonly help: string;
      readonly like?: string;
    }
  | {
      readonly type: "histogram";
      readonly name: string;
      readonly labels: readonly Label[];
      readonly help: string;
      /** What vLLM or OpenTelemetry call the same, or nearly. */
      readonly like?: string;
      /** Upper bounds, in the unit of the name. */
      readonly buckets: readonly number[];
    };

/** From one millisecond to ten minutes, the longest that a call may take by default. */
const waits = [
  0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600,
];
/** Between two tokens, and between a cancellation and its effect: about a step of an engine. */
const steps = [
  0.0005, 0.001, 0.0025, 0.005, 0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.2, 0.5, 1, 2.5, 10,
];
const jobs = [1, 2, 4, 8, 16, 32, 64, 128, 256];

export const metrics = {
  calls: {
    name: "inferd_calls_total",
    type: "counter",
    labels: ["method", "model", "code", "reason"],
    help: "Calls that ended, each once, by how. Those that were rejected before a handler ran are here too, so that a sum over any labels misses no answer and has none twice. `method` is `unknown` where this server has none of that name, `model` is empty for a call that reached none, `reason` for one that went well. One that its caller gave up before its method began had no answer, and is not here.",
  },
  callSeconds: {
    name: "inferd_call_seconds",
    like: "vllm:e2e_request_latency_seconds, gen_ai.server.request.duration",
    type: "histogram",
    labels: ["method", "model"],
    help: "From a call's arrival to its end, however it ended; for calls whose method began.",
    buckets: waits,
  },
  runningCalls: {
    name: "inferd_running_calls",
    type: "gauge",
    labels: ["method"],
    help: "Calls whose method has begun and that have not ended.",
  },
  openCalls: {
    name: "inferd_open_calls",
    type: "gauge",
    labels: [],
    help: "Calls that have a place of `--max-open-calls`: those whose requests are still on their way too, and those that have ended and whose last bytes their callers have not taken.",
  },
  connections: {
    name: "inferd_connections",
    type: "gauge",
    labels: [],
    help: "Connections that have a place of `--max-connections`; those to `--health-port` are not among them.",
  },
  uploadBytes: {
    name: "inferd_upload_bytes",
    type: "gauge",
    labels: [],
    help: "Bytes of incomplete requests, which `--max-upload-bytes` bounds.",
  },
  modelRejections: {
    name: "inferd_model_rejections_total",
    type: "counter",
    labels: ["model", "reason"],
    help: "Calls to a model that ended before a worker began their job, by why: refused at once, or expired or left while they waited.",
  },
  rejected: {
    name: "inferd_rejected_total",
    type: "counter",
    labels: ["reason"],
    help: "Calls and connections that were rejected before a handler ran, by reason. Rejected calls are in `inferd_calls_total` too: do not add the two. Connections are here alone: TOO_MANY_CONNECTIONS at once, TOO_MANY_RESETS for how their calls ended, HEADERS_TOO_LARGE where a client that has not acknowledged SETTINGS sent headers past their bound, SETTINGS_TIMEOUT where it acknowledged none in 10 s, NOT_HTTP2 where it spoke HTTP/1.1 and was told so, TLS_REFUSED where TLS was not agreed on, as without a client certificate that is asked for. What HTTP/2 resets by itself, for too many streams or header bytes, is not seen.",
  },
  jobsWaiting: {
    name: "inferd_jobs_waiting",
    like: "vllm:num_requests_waiting",
    type: "gauge",
    labels: ["model"],
    help: "Jobs that wait for a slot.",
  },
  failedJobs: {
    name: "inferd_failed_jobs_total",
    type: "counter",
    labels: ["model", "stage", "reason"],
    help: "Jobs that ended and did not finish, each once, by why and by where they were: `admission` before they might wait, `queue` while they waited for a slot, `suspect` in quarantine, where jobs with which a worker died are tried one at a time, `worker` once a worker had them.",
  },
  queueWait: {
    name: "inferd_queue_wait_seconds",
    like: "vllm:request_queue_time_seconds",
    type: "histogram",
    labels: ["model"],
    help: "From a call's arrival to the first step of its job, for jobs that were begun.",
    buckets: waits,
  },
  jobsRunning: {
    name: "inferd_jobs_running",
    like: "vllm:num_requests_running",
    type: "gauge",
    labels: ["model"],
    help: "Jobs that the model's workers hold.",
  },
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
    help: "1 while the model serves, 0 while it loads, after it has failed, or while only its last calls go on.",
  },
  timeToFirstToken: {
    name: "inferd_time_to_first_token_seconds",
    like: "vllm:time_to_first_token_seconds, gen_ai.server.time_to_first_token",
    type: "histogram",
    labels: ["model"],
    help: "From a call's arrival to the first piece of its completion.",
    buckets: waits,
  },
  interTokenLatency: {
    name: "inferd_inter_token_latency_seconds",
    like: "vllm:inter_token_latency_seconds, gen_ai.server.time_per_output_token",
    type: "histogram",
    labels: ["model"],
    help: "Between two pieces of one completion, as the server takes them for the caller; one who does not read is waited for here too.",
    buckets: steps,
  },
  prefill: {
    name: "inferd_prefill_seconds",
    like: "vllm:request_prefill_time_seconds",
    type: "histogram",
    labels: ["model"],
    help: "Time from a job's first step until its prompt was read, or its texts were embedded; for jobs that finished.",
    buckets: waits,
  },
  decode: {
    name: "inferd_decode_seconds",
    like: "vllm:request_decode_time_seconds",
    type: "histogram",
    labels: ["model"],
    help: "Time from a completion's first token to its last; for jobs that finished.",
    buckets: waits,
  },
  promptTokens: {
    name: "inferd_prompt_tokens_total",
    like: "vllm:prompt_tokens_total",
    type: "counter",
    labels: ["model"],
    help: "Tokens of prompts and of embedded texts, those that a cache had included: of jobs that finished, and of others the texts whose vectors calls were given. How many tokens the prompt of a completion had that was broken off is not known; `inferd_failed_jobs_total` has such jobs, at the stage `worker`.",
  },
  cachedPromptTokens: {
    name: "inferd_cached_prompt_tokens_total",
    type: "counter",
    labels: ["model"],
    help: "Prompt tokens that a cache had, so that nothing was computed for them; for jobs that finished.",
  },
  completionTokens: {
    name: "inferd_completion_tokens_total",
    like: "vllm:generation_tokens_total",
    type: "counter",
    labels: ["model"],
    help: "Tokens that were generated and given to calls: of jobs that finished, by their usage; of those that were broken off, as they came, a piece without token ids as one.",
  },
  unfinishedTokens: {
    name: "inferd_unfinished_tokens_total",
    type: "counter",
    labels: ["model"],
    help: "Tokens delivered by jobs that did not finish: their callers left, their deadlines passed or a worker died. They are in `inferd_completion_tokens_total`, or for embeddings in `inferd_prompt_tokens_total`; subtract them to get those of finished jobs. What came after the end of a call is in `inferd_wasted_tokens_total` alone.",
  },
  prefixHits: {
    name: "inferd_prefix_cache_hits_total",
    type: "counter",
    labels: ["model"],
    help: "Jobs that finished and whose prompt began as a cached one. Their share is of the count of `inferd_decode_seconds`.",
  },
  stepJobs: {
    name: "inferd_step_jobs",
    type: "histogram",
    labels: ["model"],
    help: "Sequences or texts that one step of an engine computed together, for engines that say so.",
    buckets: jobs,
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
    help: "Tokens that the KV memory holds, caches included; one that two sequences share counts for each, so it may pass `inferd_kv_cells`.",
  },
  prefixBytes: {
    name: "inferd_prefix_memory_bytes",
    type: "gauge",
    labels: ["model"],
    help: "Bytes of beginnings of prompts that the model's workers keep beyond their KV memory, for engines that do.",
  },
  prefixLimitBytes: {
    name: "inferd_prefix_memory_limit_bytes",
    type: "gauge",
    labels: ["model"],
    help: "The most that `inferd_prefix_memory_bytes` may be.",
  },
  prefixesSaved: {
    name: "inferd_prefix_saved_total",
    type: "counter",
    labels: ["model"],
    help: "Beginnings of prompts that were written to the memory of `inferd_prefix_memory_bytes`.",
  },
  prefixesRestored: {
    name: "inferd_prefix_restored_total",
    type: "counter",
    labels: ["model"],
    help: "Jobs that began with what was put back from that memory. Those whose beginning was still in the KV memory are not here; `inferd_prefix_cache_hits_total` has both, of jobs that finished.",
  },
  prefixesEvicted: {
    name: "inferd_prefix_evicted_total",
    type: "counter",
    labels: ["model"],
    help: "Beginnings of prompts that were dropped from that memory to make room.",
  },
  cancelToFree: {
    name: "inferd_cancel_to_free_seconds",
    type: "histogram",
    labels: ["model"],
    help: "From the moment that nobody waits for a running job any more until its worker confirms that it holds nothing for it.",
    buckets: steps,
  },
  wastedTokens: {
    name: "inferd_wasted_tokens_total",
    type: "counter",
    labels: ["model"],
    help: "Tokens that were computed for jobs whose calls had ended: of pieces, one without token ids as one, and of texts whose vectors came. A job's are those of the step under way, and of the steps that end while word of it is on its way to the worker: one where steps are slow, a few where they take a millisecond.",
  },
  workerRestarts: {
    name: "inferd_worker_restarts_total",
    type: "counter",
    labels: ["model"],
    help: "Workers that died, or hung and were ended, and are started again.",
  },
  loopLag: {
    name: "inferd_event_loop_lag_seconds",
    type: "histogram",
    labels: [],
    help: "How late a timer of the front process fires, ten times a second: what holds up every call and every probe.",
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5],
  },
} as const satisfies Record<string, Metric>;
