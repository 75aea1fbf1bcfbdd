/**
 * Every field of the log's lines, once; `docs/reference/log.md` comes from here. A field has one meaning in all lines,
 * unless its text names another.
 */
import type { Elsewhere } from "./elsewhere.ts";

export interface LogField {
  readonly meaning: string;
  readonly unit?: string;
  readonly elsewhere?: Elsewhere;
}

const everyLine = {
  level: {
    meaning: "`debug`, `info`, `warn` or `error`.",
    elsewhere: { OpenTelemetry: "SeverityText", pino: "level" },
  },
  time: {
    meaning: "Time of the line, in UTC.",
    unit: "ISO 8601",
    elsewhere: { OpenTelemetry: "Timestamp", pino: "time" },
  },
  msg: {
    meaning: "What happened: a fixed sentence. All that varies is in other fields.",
    elsewhere: { OpenTelemetry: "Body", pino: "msg" },
  },
  error: {
    meaning:
      "Unexpected exception: type, message, stack and causes. It can quote a path or a piece of a text.",
    elsewhere: { OpenTelemetry: "exception.stacktrace", pino: "err" },
  },
  audit: { meaning: "`true` for audit lines, which every `--log-level` writes." },
  act: {
    meaning:
      "Audited change: `created`, `rotated`, `revoked`, `no longer revoked`, `changed` or `removed` for a key, `reloaded` or `reload rejected` for the configuration, `models changed`, `draining`.",
  },
} as const satisfies Record<string, LogField>;

const calls = {
  method: {
    meaning: "Full name of the method, `package.Service/Method`.",
    elsewhere: { OpenTelemetry: "rpc.method" },
  },
  requestId: {
    meaning:
      "Id of the call: its `x-request-id`, or a new one. Worker lines about the call have it too.",
    elsewhere: { Envoy: "x-request-id" },
  },
  traceId: {
    meaning: "Trace id of the call's W3C `traceparent`.",
    unit: "32 hexadecimal digits",
    elsewhere: { OpenTelemetry: "TraceId" },
  },
  code: {
    meaning: "gRPC status code by name, such as `OK`.",
    elsewhere: { OpenTelemetry: "rpc.status_code" },
  },
  reason: {
    meaning:
      "Reason of the error, one of [errors.md](errors.md), or of a closed connection, one of `inferd_rejected_total`.",
    elsewhere: { OpenTelemetry: "error.type" },
  },
  model: { meaning: "Name of the model.", elsewhere: { OpenTelemetry: "gen_ai.request.model" } },
  promptTokens: {
    meaning: "Tokens of the prompt, or of the texts of a call that has several.",
    unit: "tokens",
    elsewhere: { OpenTelemetry: "gen_ai.usage.input_tokens" },
  },
  completionTokens: {
    meaning: "Tokens generated and delivered.",
    unit: "tokens",
    elsewhere: { OpenTelemetry: "gen_ai.usage.output_tokens" },
  },
  inputs: { meaning: "Texts in a call of embedding, reranking or classification.", unit: "texts" },
  finishReason: {
    meaning: "Why the completion ended.",
    elsewhere: { OpenTelemetry: "gen_ai.response.finish_reasons" },
  },
  queueMs: {
    meaning: "Time from the call's arrival to the first step of its job.",
    unit: "ms",
    elsewhere: { vLLM: "gen_ai.latency.time_in_queue" },
  },
  timeToFirstTokenMs: {
    meaning: "Time from the call's arrival to the first token.",
    unit: "ms",
    elsewhere: {
      OpenTelemetry: "gen_ai.response.time_to_first_chunk",
      vLLM: "gen_ai.latency.time_to_first_token",
    },
  },
  durationMs: {
    meaning: "Time from the call's arrival to its end.",
    unit: "ms",
    elsewhere: { vLLM: "gen_ai.latency.e2e" },
  },
  user: {
    meaning: "`call.user`, as the client wrote it.",
    elsewhere: { OpenTelemetry: "enduser.pseudo.id", OpenAI: "user" },
  },
  labels: {
    meaning: "`call.labels`, as the client wrote them.",
    elsewhere: { OpenAI: "metadata" },
  },
} as const satisfies Record<string, LogField>;

const access = {
  caller: {
    meaning:
      "Id of the credential, such as `key:key_5f0c1d3b2a497e86`. Left out where no credential was proved.",
    elsewhere: { OpenTelemetry: "user.id" },
  },
  host: {
    meaning:
      "Address of the client; `others` where a line sums up many. In the line of the metrics port: its address.",
    elsewhere: { OpenTelemetry: "client.address" },
  },
  count: { meaning: "Rejections, or keys, that the line sums up." },
  key: { meaning: "Id of an API key: the part before the dot." },
  keys: { meaning: "Ids of keys whose records cannot be read, the first 20." },
  name: { meaning: "Name of an API key." },
  scopes: { meaning: "Scopes of an API key." },
  priority: { meaning: "Highest priority of an API key's calls." },
  fingerprint: {
    meaning: "SHA-256 fingerprint of the server's new certificate.",
    elsewhere: { OpenTelemetry: "tls.server.hash.sha256" },
  },
  validTo: {
    meaning: "End of the new certificate's validity.",
    elsewhere: { OpenTelemetry: "tls.server.not_after" },
  },
  problem: { meaning: "What is wrong with a file or a configuration that was not accepted." },
} as const satisfies Record<string, LogField>;

const server = {
  address: {
    meaning: "Address for clients on this machine, `host:port` or `unix:/path`.",
    elsewhere: { OpenTelemetry: "server.address" },
  },
  port: {
    meaning: "Port of the server, or of the metrics.",
    elsewhere: { OpenTelemetry: "server.port" },
  },
  healthPort: { meaning: "Port of `--health-port`." },
  models: {
    meaning:
      "Names of the models that are ready; where none is, how many failed. For a key: the models that it may use.",
  },
  threads: { meaning: "Threads that all models share." },
  startMs: {
    meaning: "Time from the start of the process until all models were loaded.",
    unit: "ms",
  },
  version: {
    meaning: "Version of the server.",
    elsewhere: { OpenTelemetry: "service.version" },
  },
  logLevel: { meaning: "`--log-level` after a reload." },
  setting: { meaning: "Setting that changed in the file and needs a restart." },
  load: { meaning: "Names of models that a reload adds." },
  replace: { meaning: "Names of models that a reload replaces." },
  unload: { meaning: "Names of models that a reload removes." },
  signal: { meaning: "Signal that ends the server." },
  parent: { meaning: "`ended`, where the end of the parent process ends the server." },
  openFilesLimit: { meaning: "Limit of open files of the process.", unit: "files" },
  needed: { meaning: "Open files that the configuration needs.", unit: "files" },
  maxConnections: { meaning: "Effective `--max-connections`." },
  lines: { meaning: "Lines lost while the log could not be written.", unit: "lines" },
  said: { meaning: "Message of grpc-js, without values of headers." },
} as const satisfies Record<string, LogField>;

const workers = {
  digest: { meaning: "Digest of the model's weights, `sha256:` and 64 hexadecimal digits." },
  slots: { meaning: "Jobs that the model can hold at once." },
  contextLength: { meaning: "Context length of the model.", unit: "tokens" },
  afterMs: { meaning: "Time from the start of loading until the model was ready.", unit: "ms" },
  engine: {
    meaning: "Engine of the model, such as `llama`, `module` or `python 3.12 (.venv)`.",
  },
  python: { meaning: "Python interpreter of the model: a path, or a command." },
  failure: { meaning: "Why the model, or a worker of it, failed." },
  replica: { meaning: "Which of the model's workers, from 0." },
  workerPid: {
    meaning: "Process id of the worker.",
    elsewhere: { OpenTelemetry: "process.pid" },
  },
  line: { meaning: "Line that the worker printed." },
  printed: { meaning: "Last lines that the worker printed." },
  exitCode: { meaning: "Exit code of the worker; null if it had none." },
  exitSignal: { meaning: "Signal that ended the worker; null if none did." },
  how: { meaning: "How the worker ended: signal, exit code or the server's reason to kill it." },
  refusal: { meaning: "System error that kept a worker from starting, such as `EMFILE`." },
  why: { meaning: "Why the worker counts as hung." },
  silenceMs: { meaning: "Time without progress after which the worker was killed.", unit: "ms" },
  waitMs: { meaning: "Delay before the next start of a worker.", unit: "ms" },
} as const satisfies Record<string, LogField>;

/** The fields by subject, in the order of the page. */
export const logFields = {
  "Every line": everyLine,
  Calls: calls,
  "Access and audit": access,
  Server: server,
  "Models and workers": workers,
} as const satisfies Record<string, Record<string, LogField>>;
