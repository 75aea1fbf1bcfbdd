/**
 * Finds models. A models directory has one folder per model, each with a manifest. A single model can also be named by
 * its manifest, its folder, or a bare file that needs no manifest.
 */
import type { Stats } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { engineKind } from "../engines/engine-kind.ts";
import { chooseInterpreter, isThere } from "./interpreter.ts";
import {
  adviceFor,
  bareGguf,
  bareOnnx,
  barePython,
  folderOf,
  graphIn,
  safetensorsAdvice,
} from "./without-manifest.ts";
import type { Manifest } from "./manifest.ts";
import { readManifest } from "./manifest-file.ts";
import { ManifestError } from "./manifest-text.ts";

/** Where to look. */
export interface Places {
  /** Models directories. */
  readonly directories: readonly string[];
  /** Single models. */
  readonly paths: readonly string[];
  /** The operator's build of libllama, for each model that names none itself. */
  readonly llamaLibrary?: string | undefined;
  /** The operator's Python, for each model that names none itself: a path or a command. */
  readonly python?: string | undefined;
  /**
   * Whether a bare file may be missing: then only its model fails. At startup it is a mistake in the command. A running
   * server must still find the others.
   */
  readonly mayBeMissing?: boolean;
}

const manifestNames = ["model.yaml", "model.yml", "model.json"];

/** Returns all models ordered by name. Throws a ManifestError with all problems. */
export async function findModels({
  directories,
  paths,
  llamaLibrary,
  python,
  mayBeMissing = false,
}: Places): Promise<readonly Manifest[]> {
  const found: Found[] = [];
  const problems: string[] = [];
  const collect = async (find: () => Promise<readonly Found[]>): Promise<void> => {
    try {
      found.push(...(await find()));
    } catch (thrown) {
      if (!(thrown instanceof ManifestError)) throw thrown;
      problems.push(thrown.message);
    }
  };
  for (const directory of directories) {
    for (const folder of await modelFolders(directory, problems)) {
      await collect(() => fromFolder(folder));
    }
  }
  for (const path of paths) await collect(() => fromPath(path, mayBeMissing));

  const names = new Map<string, string>();
  for (const { manifest, path } of found) {
    const other = names.get(manifest.name);
    if (other !== undefined) {
      problems.push(`two models are named ${manifest.name}: ${other} and ${path}; rename one`);
    }
    names.set(manifest.name, path);
  }
  if (problems.length > 0) throw new ManifestError(problems);
  return found
    .map(({ manifest }) => withPython(withLibrary(manifest, llamaLibrary), python))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

function withLibrary(manifest: Manifest, library: string | undefined): Manifest {
  if (manifest.engine !== "llama" || library === undefined) return manifest;
  return { ...manifest, options: { library, ...manifest.options } };
}

function withPython(manifest: Manifest, ofSetting: string | undefined): Manifest {
  const { engine, python } = manifest;
  if (engineKind(engine) !== "python") return manifest;
  const choice = { engine, ofManifest: python?.command, ofSetting, isThere };
  return { ...manifest, python: chooseInterpreter(choice) };
}

/** A model and its place, in the operator's words. */
interface Found {
  readonly manifest: Manifest;
  readonly path: string;
}

/** The folders of a models directory that hold a manifest. Others are ignored. */
async function modelFolders(directory: string, problems: string[]): Promise<readonly string[]> {
  if (!(await statOf(directory))?.isDirectory()) {
    problems.push(`${directory} is not a folder; it should hold a folder for each model`);
    return [];
  }
  const folders: string[] = [];
  for (const name of (await readdir(directory)).sort()) {
    const folder = join(directory, name);
    if ((await manifestsIn(folder)).length > 0) folders.push(folder);
  }
  if (folders.length === 0) {
    problems.push(
      `${directory} holds no model: no folder in it has a model.yaml; to serve a .gguf file, or a folder as Hugging Face has it, name it with --model`,
    );
  }
  return folders;
}

/** Empty if the path is not a folder. */
async function manifestsIn(folder: string): Promise<readonly string[]> {
  if (!(await statOf(folder))?.isDirectory()) return [];
  const names = await readdir(folder);
  return manifestNames.filter((name) => names.includes(name));
}

async function fromFolder(folder: string): Promise<readonly Found[]> {
  const [name, other] = await manifestsIn(folder);
  if (name === undefined) {
    const graph = await graphIn(folder);
    if (graph !== undefined) return [{ manifest: bareOnnx(folder, graph), path: folder }];
    throw new ManifestError([await adviceFor(folder)]);
  }
  if (other !== undefined) {
    throw new ManifestError([`${folder} has both ${name} and ${other}; keep one`]);
  }
  return fromManifest(join(folder, name));
}

async function fromManifest(path: string): Promise<readonly Found[]> {
  try {
    return [{ manifest: await readManifest(path), path }];
  } catch (thrown) {
    // The lines begin with the file's name, which is the same for most models, so the folder is added.
    if (!(thrown instanceof ManifestError)) throw thrown;
    const folder = basename(resolve(path, ".."));
    throw new ManifestError(thrown.message.split("\n").map((line) => `${folder}/${line}`));
  }
}

async function fromPath(path: string, mayBeMissing: boolean): Promise<readonly Found[]> {
  const stats: Stats | undefined = await statOf(path);
  const bare = /\.(?:gguf|py)$/.exec(path)?.[0];
  if (stats === undefined && !(bare !== undefined && mayBeMissing)) {
    throw new ManifestError([`${path} does not exist`]);
  }
  if (stats?.isDirectory() === true) return fromFolder(path);
  if (bare === ".gguf") return [{ manifest: bareGguf(path), path }];
  if (bare === ".py") return [{ manifest: barePython(path), path }];
  if (path.endsWith(".onnx")) return [{ manifest: bareOnnx(folderOf(path), path), path }];
  if (/\.(ya?ml|json)$/.test(path)) return fromManifest(path);
  if (path.endsWith(".safetensors")) throw new ManifestError([`${path} ${safetensorsAdvice}`]);
  throw new ManifestError([
    `${path} is no model: name a .gguf, .onnx or .py file, a manifest, or a folder with one`,
  ]);
}

async function statOf(path: string): Promise<Stats | undefined> {
  try {
    return await stat(path);
  } catch {
    return undefined;
  }
}
