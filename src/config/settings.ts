/** Every setting of the server, once: flags, environment, file keys, `--help`, docs and `Config` come from here. */
import { usableCores } from "../base/cpu-quota.ts";
import { accessSettings } from "./access-settings.ts";
import { limitSettings } from "./limit-settings.ts";
import { networkSettings } from "./network-settings.ts";
import type { Setting } from "./setting.ts";
import { command, nonEmpty, oneOf, path, truth, wholeNumber } from "./values.ts";

const day = 86_400_000;

export const settings = {
  models: {
    group: "Models",
    default: [],
    defaultText: "the models that come with inferd, unless --model is given",
    read: path,
    repeats: true,
    value: "dir",
    help: "Folder with one subfolder per model; serves all of them. Repeatable.",
    elsewhere: {
      "llama-server": "--models-dir",
      Triton: "--model-repository",
      Ollama: "OLLAMA_MODELS",
    },
  },
  model: {
    group: "Models",
    default: [],
    defaultText: "none",
    read: path,
    repeats: true,
    value: "path",
    help: "One model to serve: a .gguf, .onnx or .py file, a manifest, or a model's folder. A folder that `hf download` made works if it has an ONNX graph. Repeatable; `inferd serve PATH` is the same.",
    elsewhere: { vLLM: "--model", "llama-server": "--model" },
  },
  defaultGenerationModel: {
    group: "Models",
    default: undefined,
    defaultText: "the only one, if only one is loaded",
    read: nonEmpty,
    value: "name",
    help: "Model for generation calls that name none.",
  },
  defaultEmbeddingModel: {
    group: "Models",
    default: undefined,
    defaultText: "the only one, if only one is loaded",
    read: nonEmpty,
    value: "name",
    help: "Model for embedding calls that name none.",
  },
  defaultRerankingModel: {
    group: "Models",
    default: undefined,
    defaultText: "the only one, if only one is loaded",
    read: nonEmpty,
    value: "name",
    help: "Model for reranking calls that name none.",
  },
  defaultClassificationModel: {
    group: "Models",
    default: undefined,
    defaultText: "the only one, if only one is loaded",
    read: nonEmpty,
    value: "name",
    help: "Model for classification calls that name none.",
  },
  cores: {
    group: "Models",
    default: usableCores(),
    defaultText: "the cores that this process may use",
    read: wholeNumber(1, 4096),
    value: "n",
    help: "Number of threads for computation, shared by all models; busy models divide them.",
    elsewhere: { "llama-server": "--threads", "ONNX Runtime": "intra_op_num_threads" },
  },
  llamaLibrary: {
    group: "Models",
    default: undefined,
    defaultText: "the one that comes with inferd",
    read: path,
    value: "dir",
    help: "Folder with another build of libllama, such as one for a GPU. Its release must match the bundled one.",
  },
  python: {
    group: "Models",
    default: undefined,
    defaultText: ".venv/bin/python next to the model's file, otherwise python3",
    read: command,
    value: "path",
    help: "Python interpreter, 3.10 or newer, for models in Python whose manifest names none: a path, or a command such as python3.12.",
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
    help: "HTTP port for /metrics (Prometheus), /healthz and /readyz. 0 takes any free port, which a log line states.",
    elsewhere: { Triton: "--metrics-port" },
  },
  metricsHost: {
    group: "Metrics",
    default: "127.0.0.1",
    read: nonEmpty,
    value: "address",
    help: "Address of the metrics port. 0.0.0.0 or :: exposes the metrics to the network; they need no credential.",
    elsewhere: { Triton: "--metrics-address" },
  },
  lameDuckMs: {
    group: "Shutdown",
    default: 5000,
    read: wholeNumber(0, day),
    value: "ms",
    help: "Milliseconds after SIGTERM in which health reports NOT_SERVING and calls are still accepted, so that clients leave in time. Ctrl-C skips it.",
    elsewhere: { "kube-apiserver": "--shutdown-delay-duration" },
  },
  graceMs: {
    group: "Shutdown",
    default: 20_000,
    read: wholeNumber(0, day),
    value: "ms",
    help: "Milliseconds that running calls then have to finish. Keep the sum of both 4 seconds below Kubernetes' terminationGracePeriodSeconds: workers end after them.",
    elsewhere: { Triton: "--exit-timeout-secs", nginx: "worker_shutdown_timeout" },
  },
  exitWithParent: {
    group: "Shutdown",
    default: false,
    read: truth,
    value: "true|false",
    preset: "true",
    help: "Shuts the server down, as SIGTERM does, once the process that started it has ended. For a server that another program starts.",
    elsewhere: { Linux: "PR_SET_PDEATHSIG" },
  },
  logLevel: {
    group: "Logs",
    default: "info",
    read: oneOf("debug", "info", "warn", "error", "silent"),
    value: "level",
    help: "Minimum level to log: debug, info, warn, error or silent. Audit lines are written at every level; lines of calls never hold a prompt.",
    elsewhere: { vLLM: "VLLM_LOGGING_LEVEL", "llama-server": "--log-verbosity", pino: "level" },
  },
  logFormat: {
    group: "Logs",
    default: "auto",
    read: oneOf("auto", "json", "pretty"),
    value: "format",
    help: "json, pretty, or auto: pretty on a terminal, json otherwise. Logs go to standard error.",
    elsewhere: { "kube-apiserver": "--logging-format" },
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

/** The value of a setting's flag, as help shows it. */
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
