/** Every setting of the server, once: flags, environment, file keys, `--help`, docs and `Config` come from here. */
import { availableParallelism } from "node:os";
import { accessSettings } from "./access-settings.ts";
import { nonEmpty, oneOf, path, type ReadValue, wholeNumber } from "./values.ts";

export interface Setting {
  readonly group:
    "Models" | "Network" | "Access" | "TLS" | "Limits" | "Metrics" | "Shutdown" | "Logs";
  /** Undefined for a setting that may stay unset; always a list where `repeats`. */
  readonly default: unknown;
  /** How help shows a default that depends on the machine or on other settings. */
  readonly defaultText?: string;
  /** Reads one value; a setting that repeats is a list of them. */
  readonly read: ReadValue<unknown>;
  readonly repeats?: boolean;
  /** What the flag alone means, for one that needs no value. */
  readonly preset?: string;
  /** What help calls the value. */
  readonly value: string;
  /** What the operator gets by setting it, with its unit. */
  readonly help: string;
}

const day = 86_400_000;
const max = 1_000_000;

export const settings = {
  models: {
    group: "Models",
    default: [],
    defaultText: "the models that come with inferd, unless --model is given",
    read: path,
    repeats: true,
    value: "dir",
    help: "Folder that holds a folder for each model; serves them all. Repeatable.",
  },
  model: {
    group: "Models",
    default: [],
    defaultText: "none",
    read: path,
    repeats: true,
    value: "path",
    help: "One model to serve: a .gguf file, a manifest or a model's folder. Repeatable.",
  },
  defaultGenerationModel: {
    group: "Models",
    default: undefined,
    defaultText: "the only one, where one is loaded",
    read: nonEmpty,
    value: "name",
    help: "Model for generation calls that name none.",
  },
  defaultEmbeddingModel: {
    group: "Models",
    default: undefined,
    defaultText: "the only one, where one is loaded",
    read: nonEmpty,
    value: "name",
    help: "Model for embedding calls that name none.",
  },
  cores: {
    group: "Models",
    default: availableParallelism(),
    defaultText: "the cores that this process may use",
    read: wholeNumber(1, 4096),
    value: "n",
    help: "Threads that all models compute with, together; busy models share them.",
  },
  llamaLibrary: {
    group: "Models",
    default: undefined,
    defaultText: "the one that comes with inferd",
    read: path,
    value: "dir",
    help: "Folder with another build of libllama, such as one for a GPU. Its release must match.",
  },
  host: {
    group: "Network",
    default: "127.0.0.1",
    read: nonEmpty,
    value: "address",
    help: "Address to listen on. 0.0.0.0 or :: opens the server to the network, which needs credentials: see Access.",
  },
  port: {
    group: "Network",
    default: 50051,
    read: wholeNumber(0, 65_535),
    value: "n",
    help: "Port for gRPC. 0 takes any free port; the ready line says which.",
  },
  maxConcurrentStreams: {
    group: "Network",
    default: 1000,
    read: wholeNumber(1, max),
    value: "n",
    help: "Calls that one connection may have open; its client holds back the others.",
  },
  maxConnections: {
    group: "Network",
    default: 4096,
    read: wholeNumber(1, max),
    value: "n",
    help: "Connections that may be open at once; further ones are closed at once.",
  },
  maxHeaderBytes: {
    group: "Network",
    default: 16_384,
    read: wholeNumber(4096, 65_536),
    value: "n",
    help: "Most bytes of a call's headers, with 32 added for each; past it, the call is reset.",
  },
  maxCallsPerSecond: {
    group: "Network",
    default: 10_000,
    read: wholeNumber(1, max),
    value: "n",
    help: "Calls that one connection may begin in a second; past it, calls fail with RESOURCE_EXHAUSTED and say when to try again.",
  },
  maxResetBurst: {
    group: "Network",
    default: 20_000,
    read: wholeNumber(1, max),
    value: "n",
    help: "Cancelled and refused calls that one connection may have at once; past it, the connection is closed with ENHANCE_YOUR_CALM.",
  },
  maxResetsPerSecond: {
    group: "Network",
    default: 1000,
    read: wholeNumber(1, max),
    value: "n",
    help: "Cancelled and refused calls that are forgiven each second, after such a burst.",
  },
  keepaliveMs: {
    group: "Network",
    default: 30_000,
    read: wholeNumber(1000, day),
    value: "ms",
    help: "Milliseconds between pings on a connection, so that dead clients are noticed.",
  },
  keepaliveTimeoutMs: {
    group: "Network",
    default: 10_000,
    read: wholeNumber(100, day),
    value: "ms",
    help: "Milliseconds that a client has to answer a ping; past it, its connection is closed and its calls are cancelled.",
  },
  maxConnectionIdleMs: {
    group: "Network",
    default: 0,
    read: wholeNumber(0, day),
    value: "ms",
    help: "Milliseconds without a call after which a connection is closed; its client opens another for its next call. 0 keeps it.",
  },
  maxConnectionAgeMs: {
    group: "Network",
    default: 1_800_000,
    read: wholeNumber(0, day),
    value: "ms",
    help: "Milliseconds after the first call of a connection when its client is asked to connect anew, so that load spreads; its open calls go on. 0 never asks.",
  },
  ...accessSettings,
  maxMessageBytes: {
    group: "Limits",
    default: 8 * 1024 * 1024,
    read: wholeNumber(1024, 1024 * 1024 * 1024),
    value: "n",
    help: "Largest request in bytes; past it, calls fail with RESOURCE_EXHAUSTED.",
  },
  maxInputs: {
    group: "Limits",
    default: 4096,
    read: wholeNumber(1, max),
    value: "n",
    help: "Most texts in one embedding call; past it, calls fail with INVALID_ARGUMENT.",
  },
  maxTokens: {
    group: "Limits",
    default: 16_384,
    read: wholeNumber(1, max),
    value: "n",
    help: "Most tokens that one generation call may ask for; past it, calls fail with INVALID_ARGUMENT.",
  },
  maxPromptTokens: {
    group: "Limits",
    default: 131_072,
    read: wholeNumber(1, max),
    value: "n",
    help: "Most tokens of one prompt, whatever the model's context; past it, calls fail with INVALID_ARGUMENT, or their text is cut where they ask for it.",
  },
  maxStops: {
    group: "Limits",
    default: 16,
    read: wholeNumber(0, 1024),
    value: "n",
    help: "Most stop sequences of one generation call; past it, calls fail with INVALID_ARGUMENT.",
  },
  maxStopBytes: {
    group: "Limits",
    default: 256,
    read: wholeNumber(1, 65_536),
    value: "n",
    help: "Most bytes of one stop sequence; past it, calls fail with INVALID_ARGUMENT.",
  },
  maxLogitBias: {
    group: "Limits",
    default: 1024,
    read: wholeNumber(0, max),
    value: "n",
    help: "Most entries of logit_bias; past it, calls fail with INVALID_ARGUMENT.",
  },
  maxQueuedJobs: {
    group: "Limits",
    default: 256,
    read: wholeNumber(0, max),
    value: "n",
    help: "Jobs that may wait for one model; past it, calls fail with RESOURCE_EXHAUSTED.",
  },
  maxQueuedTokens: {
    group: "Limits",
    default: 4 * 1024 * 1024,
    read: wholeNumber(0, 1000 * max),
    value: "n",
    help: "Tokens of the jobs that may wait for one model: a byte of text counts as one, and what a call may generate in full.",
  },
  maxQueuedJobsTotal: {
    group: "Limits",
    default: 1024,
    read: wholeNumber(0, max),
    value: "n",
    help: "Jobs that may wait in the whole server; past it, calls fail with RESOURCE_EXHAUSTED.",
  },
  maxQueuedTokensTotal: {
    group: "Limits",
    default: 16 * 1024 * 1024,
    read: wholeNumber(0, 1000 * max),
    value: "n",
    help: "Tokens of the jobs that may wait in the whole server, counted as for one model.",
  },
  refuseLate: {
    group: "Limits",
    default: "on",
    read: oneOf("on", "off"),
    value: "on|off",
    help: "Refuses a call at once, with DEADLINE_EXCEEDED, where its deadline would pass before its end. off lets it wait.",
  },
  maxCallMs: {
    group: "Limits",
    default: 600_000,
    read: wholeNumber(1, day),
    value: "ms",
    help: "Milliseconds that a call may take, queue included; past it, calls fail with DEADLINE_EXCEEDED.",
  },
  stallMs: {
    group: "Limits",
    default: 60_000,
    read: wholeNumber(100, day),
    value: "ms",
    help: "Milliseconds that a stream's caller may read nothing of what there is to read; past it, the stream fails with DEADLINE_EXCEEDED.",
  },
  maxStepMs: {
    group: "Limits",
    default: 60_000,
    read: wholeNumber(100, day),
    value: "ms",
    help: "Milliseconds that one step of a model may take; past it, its worker is taken to hang, and is replaced.",
  },
  maxLoadStallMs: {
    group: "Limits",
    default: 600_000,
    read: wholeNumber(100, day),
    value: "ms",
    help: "Milliseconds that loading a model may go on without getting further; past it, its worker is replaced.",
  },
  metricsPort: {
    group: "Metrics",
    default: undefined,
    defaultText: "none: no port, nothing counted",
    read: wholeNumber(0, 65_535),
    value: "n",
    help: "Port for HTTP with /metrics for Prometheus, /healthz and /readyz. 0 takes any free port; a log line says which.",
  },
  metricsHost: {
    group: "Metrics",
    default: "127.0.0.1",
    read: nonEmpty,
    value: "address",
    help: "Address that the metrics port listens on. 0.0.0.0 or :: lets the network read the metrics; nobody is asked who they are.",
  },
  lameDuckMs: {
    group: "Shutdown",
    default: 5000,
    read: wholeNumber(0, day),
    value: "ms",
    help: "Milliseconds after SIGTERM for which health already says NOT_SERVING and calls are still taken, so that clients leave in time. Ctrl-C skips it.",
  },
  graceMs: {
    group: "Shutdown",
    default: 25_000,
    read: wholeNumber(0, day),
    value: "ms",
    help: "Milliseconds that running calls then get to finish. Keep both together below Kubernetes' terminationGracePeriodSeconds.",
  },
  logLevel: {
    group: "Logs",
    default: "info",
    read: oneOf("debug", "info", "warn", "error", "silent"),
    value: "level",
    help: "Least level to log: debug, info, warn, error or silent. Prompts are logged at no level.",
  },
  logFormat: {
    group: "Logs",
    default: "auto",
    read: oneOf("auto", "json", "pretty"),
    value: "format",
    help: "json, pretty, or auto: pretty on a terminal, json otherwise. Logs go to standard error.",
  },
} as const satisfies Record<string, Setting>;

type Settings = typeof settings;

export type SettingKey = keyof Settings;

/** A whole configuration: checked, resolved, frozen. */
export type Config = {
  readonly [K in SettingKey]: Settings[K] extends { readonly repeats: true }
    ? readonly ReturnType<Settings[K]["read"]>[]
    : ReturnType<Settings[K]["read"]> | Extract<Settings[K]["default"], undefined>;
};

/** What a setting's flag takes, as help shows it. */
export function valueText({ value, preset }: Setting): string {
  return preset === undefined ? `<${value}>` : `[${value}]`;
}

/** `maxQueuedJobs` is `--max-queued-jobs` on the command line. */
export const flagName = (key: string): string => `--${spell(key, "-")}`;

/** `maxQueuedJobs` is `INFERD_MAX_QUEUED_JOBS` in the environment. */
export const environmentName = (key: string): string => `INFERD_${spell(key, "_").toUpperCase()}`;

/** `maxQueuedJobs` is `max_queued_jobs` in a file, as manifests spell their keys. */
export const fileKey = (key: string): string => spell(key, "_");

function spell(key: string, joint: string): string {
  return key.replace(/[A-Z]/g, (letter) => `${joint}${letter.toLowerCase()}`);
}
