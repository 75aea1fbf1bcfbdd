/** Metrics of calls and connections, as clients see them. Part of the one table in `table.ts`. */
import { callBuckets, type Metric } from "./metric.ts";

export const callMetrics = {
  calls: {
    name: "inferd_calls_total",
    type: "counter",
    labels: ["method", "model", "code", "reason"],
    help: "Calls that ended, each counted once. Includes calls rejected before a handler ran, so a sum over any labels counts each response once. `method` is `unknown` for a method that this server does not have. `model` is empty for a call that reached none, `reason` for a call that succeeded. A call that its client cancelled before a handler ran had no response and is not counted.",
    elsewhere: { "go-grpc-middleware": "grpc_server_handled_total" },
  },
  callSeconds: {
    name: "inferd_call_seconds",
    type: "histogram",
    labels: ["method", "model"],
    help: "Time from a call's arrival to its end, with any result. Counts calls whose handler ran.",
    elsewhere: {
      vLLM: "vllm:e2e_request_latency_seconds",
      OpenTelemetry: "gen_ai.server.request.duration",
      "gRPC metrics": "grpc.server.call.duration",
    },
    buckets: callBuckets,
  },
  runningCalls: {
    name: "inferd_running_calls",
    type: "gauge",
    labels: ["method"],
    help: "Calls whose handler is running.",
  },
  openCalls: {
    name: "inferd_open_calls",
    type: "gauge",
    labels: [],
    help: "Calls that count towards `--max-open-calls`. Includes calls whose request is still arriving, and ended calls whose last bytes the client has not read.",
  },
  connections: {
    name: "inferd_connections",
    type: "gauge",
    labels: [],
    help: "Connections that count towards `--max-connections`. Connections to `--health-port` do not.",
  },
  uploadBytes: {
    name: "inferd_upload_bytes",
    type: "gauge",
    labels: [],
    help: "Bytes of incomplete requests. `--max-upload-bytes` is the limit.",
  },
  modelRejections: {
    name: "inferd_model_rejections_total",
    type: "counter",
    labels: ["model", "reason"],
    help: "Calls to a model that ended before a worker started their job, by reason: rejected at once, or expired or cancelled in the queue.",
  },
  rejected: {
    name: "inferd_rejected_total",
    type: "counter",
    labels: ["reason"],
    help: "Calls and connections rejected before a handler ran, by reason. Rejected calls are in `inferd_calls_total` too: do not add the two. Connections are counted only here. TOO_MANY_CONNECTIONS: above the limit. TOO_MANY_RESETS: after too many cancelled or rejected calls. HEADERS_TOO_LARGE: headers above the limit, before the client acknowledged SETTINGS. SETTINGS_TIMEOUT: no acknowledgement of SETTINGS in 10 s. NOT_HTTP2: HTTP/1.1. TLS_REFUSED: a failed TLS handshake, such as one without the required client certificate. Streams that HTTP/2 itself resets, for too many streams or header bytes, are not counted.",
  },
} as const satisfies Record<string, Metric>;
