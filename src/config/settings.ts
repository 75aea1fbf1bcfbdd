/** Every setting of the server, once: flags, environment, file keys, `--help`, docs and `Config` come from here. */
import { usableCores } from "../base/cpu-quota.ts";
import { accessSettings } from "./access-settings.ts";
import { limitSettings } from "./limit-settings.ts";
import { networkSettings } from "./network-settings.ts";
import type { Setting } from "./setting.ts";
import { nonEmpty, oneOf, path, truth, wholeNumber } from "./values.ts";

const day = 86_400_000;

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
    help: "One model to serve: a .gguf or .onnx file, a manifest, or a model's folder, also as `hf download` leaves it where it has an ONNX graph. Repeatable.",
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
    default: usableCores(),
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
  ...networkSettings,
  ...accessSettings,
  ...limitSettings,
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
    default: 20_000,
    read: wholeNumber(0, day),
    value: "ms",
    help: "Milliseconds that running calls then get to finish. Keep both together 4 seconds below Kubernetes' terminationGracePeriodSeconds: workers end after them.",
  },
  exitWithParent: {
    group: "Shutdown",
    default: false,
    read: truth,
    value: "true|false",
    preset: "true",
    help: "Ends the server as SIGTERM does once the process that started it has ended, however that ended: for a server that another program starts as its own.",
  },
  logLevel: {
    group: "Logs",
    default: "info",
    read: oneOf("debug", "info", "warn", "error", "silent"),
    value: "level",
    help: "Least level to log: debug, info, warn, error or silent. Audit lines are written at every level; lines of calls hold no prompt at any.",
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
