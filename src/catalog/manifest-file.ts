/** Reads one manifest: checks it and finds its files. */
import { readFile, realpath, stat } from "node:fs/promises";
import { basename, dirname, isAbsolute, resolve } from "node:path";
import { belongsTo, commandIn } from "../base/path.ts";
import { stampOf } from "../base/stamp.ts";
import { engineKind } from "../engines/engine-kind.ts";
import { type Task, tasks } from "../engines/tasks.ts";
import type { Interpreter } from "./interpreter.ts";
import type { Manifest, ManifestFile, SamplingDefaults } from "./manifest.ts";
import { problemsOf } from "./manifest-problems.ts";
import type { Problem } from "./manifest-problems.ts";
import { ManifestError, readText } from "./manifest-text.ts";

const maxBytes = 1024 * 1024;

/** Contents of a manifest, as `manifestSchema` has checked them. */
interface ManifestValues {
  readonly name: string;
  readonly version?: string;
  readonly task?: Task;
  readonly engine: string;
  readonly python?: string;
  readonly files?: Readonly<Record<string, string | { path: string; sha256?: string }>>;
  readonly license?: string;
  readonly description?: string;
  readonly sampling?: Readonly<Record<string, number | boolean | readonly string[]>>;
  readonly chat_template?: string;
  readonly chat_template_file?: string;
  readonly chat_format?: string;
  readonly limits?: Readonly<
    Partial<
      Record<
        "context_length" | "max_sequences" | "max_queued_jobs" | "max_queued_tokens" | "max_tokens",
        number
      >
    >
  >;
  readonly replicas?: number;
  readonly threads?: number;
  readonly options?: Readonly<Record<string, unknown>>;
}

/** Throws a ManifestError with all problems, each with its line. */
export async function readManifest(path: string): Promise<Manifest> {
  const name = basename(path);
  const text = readText(await readSmall(path, name), name);
  const refuse = (problems: readonly Problem[]): void => {
    if (problems.length > 0) throw new ManifestError(problems.map((problem) => text.say(problem)));
  };
  refuse(problemsOf(text.values));
  // The schema has just checked it.
  const values = text.values as ManifestValues;
  refuse(contradictions(values));

  const found = await findFiles(dirname(path), values);
  refuse(found.problems);
  return manifestOf(values, found);
}

/** Problems that involve several keys. */
function contradictions(values: ManifestValues): readonly Problem[] {
  const isTwice = values.chat_template !== undefined && values.chat_template_file !== undefined;
  const twice = { path: ["chat_template_file"], message: "excludes chat_template; keep one" };
  return [...(isTwice ? [twice] : []), ...wrongForTask(values), ...wrongForEngine(values)];
}

function wrongForTask(values: ManifestValues): readonly Problem[] {
  const { task } = values;
  if (task === undefined || tasks[task].family === "completion") return [];
  const message = `is for the task generate; this model's is ${task}`;
  return (["sampling", "chat_template", "chat_template_file", "chat_format"] as const)
    .filter((key) => values[key] !== undefined)
    .map((key) => ({ path: [key], message }));
}

/** What the engines can do that come with the server. */
const builtInTasks: ReadonlyMap<string, readonly Task[]> = new Map([
  ["llama", ["generate", "embed"]],
  ["onnx", ["embed", "rerank", "classify"]],
]);

function wrongForEngine({ engine, python, task, files }: ManifestValues): readonly Problem[] {
  const problems: Problem[] = [];
  if (python !== undefined && engineKind(engine) !== "python") {
    const message = "is for an engine in Python, a file whose name ends in .py";
    problems.push({ path: ["python"], message });
  }
  const served = builtInTasks.get(engine);
  if (served !== undefined && (task === undefined || !served.includes(task))) {
    const choices = served.join(", ").replace(/, (?=\w+$)/, " or ");
    problems.push({ path: ["task"], message: `must be ${choices} for ${engine}` });
  }
  if (["llama", "onnx"].includes(engine) && files?.["model"] === undefined) {
    problems.push({ path: ["files", "model"], message: "is missing: the path of the weights" });
  }
  return problems;
}

interface FoundFiles {
  readonly files: Readonly<Record<string, ManifestFile>>;
  readonly engine: string;
  readonly python: Interpreter | undefined;
  readonly stamp: string;
  readonly chatTemplate: string | undefined;
  readonly problems: readonly Problem[];
}

async function findFiles(folder: string, values: ManifestValues): Promise<FoundFiles> {
  const problems: Problem[] = [];
  /** The path of an existing file; otherwise notes the problem. */
  const find = async (stated: string, path: readonly string[]): Promise<string> => {
    const { file, problem, isLater } = await locate(folder, stated);
    // A missing or unreadable file fails only its model, when it is loaded.
    const isWeights = path[0] === "files";
    if (problem !== undefined && !(isLater && isWeights)) problems.push({ path, message: problem });
    return file;
  };

  const files: Record<string, ManifestFile> = {};
  for (const [role, value] of Object.entries(values.files ?? {})) {
    const { path, sha256 } = typeof value === "string" ? { path: value } : value;
    files[role] = { path: await find(path, ["files", role]), sha256: sha256?.toLowerCase() };
  }
  const isOwn = engineKind(values.engine) !== "built-in";
  const engine = isOwn ? await find(values.engine, ["engine"]) : values.engine;
  const templatePath = values.chat_template_file;
  let chatTemplate = values.chat_template;
  if (templatePath !== undefined) {
    const file = await find(templatePath, ["chat_template_file"]);
    if (problems.length === 0) chatTemplate = await readSmall(file, basename(file));
  }
  const paths = [...Object.values(files).map(({ path }) => path), ...(isOwn ? [engine] : [])];
  const stamp = paths.map(stampOf).join(" ");
  const python = interpreterOf(folder, values.python);
  return { files, engine, python, stamp, chatTemplate, problems };
}

/**
 * It may lie outside the folder, unlike files: an environment's Python is a link out of it, and the engine that it runs
 * may start any program.
 */
function interpreterOf(folder: string, stated: string | undefined): Interpreter | undefined {
  return stated === undefined
    ? undefined
    : { command: commandIn(folder, stated), from: "manifest" };
}

/**
 * A relative path may not leave the manifest's folder, neither by dots nor by a link, except to a blob of its own
 * repository. A downloaded folder must not name other files of this machine.
 */
async function locate(folder: string, stated: string): Promise<Located> {
  const file = resolve(folder, stated);
  try {
    if (!(await stat(file)).isFile()) return { file, problem: "is not a file", isLater: true };
    if (isAbsolute(stated) || belongsTo(await realpath(folder), await realpath(file))) {
      return { file, problem: undefined, isLater: false };
    }
    return {
      file,
      problem: "lies outside the manifest's folder; state its absolute path if that is meant",
      isLater: false,
    };
  } catch {
    return { file, problem: `does not exist: ${basename(stated)}`, isLater: true };
  }
}

interface Located {
  readonly file: string;
  readonly problem: string | undefined;
  /** Whether it can be corrected before the model is loaded. */
  readonly isLater: boolean;
}

function manifestOf(values: ManifestValues, found: FoundFiles): Manifest {
  const { limits = {} } = values;
  return {
    name: values.name,
    version: values.version ?? "",
    task: values.task,
    engine: found.engine,
    python: found.python,
    files: found.files,
    stamp: found.stamp,
    license: values.license ?? "",
    description: values.description ?? "",
    sampling: samplingOf(values.sampling ?? {}),
    chatTemplate: found.chatTemplate,
    chatFormat: values.chat_format,
    limits: {
      contextLength: limits.context_length,
      maxSequences: limits.max_sequences,
      maxQueuedJobs: limits.max_queued_jobs,
      maxQueuedTokens: limits.max_queued_tokens,
      maxTokens: limits.max_tokens,
    },
    replicas: values.replicas ?? 1,
    threads: values.threads,
    options: values.options ?? {},
  };
}

/** `top_k` is `topK` in the program. A test compares the schema's keys with the type's. */
function samplingOf(
  values: Readonly<Record<string, number | boolean | readonly string[]>>,
): SamplingDefaults {
  const camel = (key: string): string =>
    key.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [camel(key), value]));
}

async function readSmall(path: string, name: string): Promise<string> {
  try {
    const stats = await stat(path);
    // Reading a pipe would block.
    if (!stats.isFile()) throw new Error("it is not a file");
    if (stats.size <= maxBytes) return await readFile(path, "utf8");
  } catch {
    throw new ManifestError([`${name}: cannot be read`]);
  }
  throw new ManifestError([`${name}: is larger than 1 MiB`]);
}
