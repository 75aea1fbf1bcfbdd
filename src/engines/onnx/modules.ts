/** A model's `modules.json`: the modules of sentence-transformers, in order. */
import { isAbsolute } from "node:path";
import { field, shown } from "./json.ts";

export interface Module {
  readonly kind: "transformer" | "pooling" | "splade" | "dense" | "normalize";
  /** Its folder within the model's; empty for the model's own. */
  readonly path: string;
}

/** Modules by the last part of their type. Dropout has no effect outside training. */
const kinds: Readonly<Record<string, Module["kind"] | "mlm" | "none">> = {
  Transformer: "transformer",
  MLMTransformer: "mlm",
  Pooling: "pooling",
  SpladePooling: "splade",
  Dense: "dense",
  Normalize: "normalize",
  Dropout: "none",
};

/** Fails if a module or the order of modules is not supported. Undefined if there is no such file. */
export function modulesOf(modules: unknown): readonly Module[] | undefined {
  if (modules === undefined) return undefined;
  if (!Array.isArray(modules)) throw new Error("modules.json is not a list of modules");
  const found = modules.flatMap((module: unknown) => {
    const kind = kindOf(field(module, "type"));
    return kind === "none" ? [] : [{ kind, path: pathOf(module) }];
  });
  const order = found.map(({ kind }) => kind).join(" ");
  if (!/^(mlm splade|transformer splade|transformer( pooling)?( dense| normalize)*)$/.test(order)) {
    throw new Error(
      `modules.json has its modules in an order that inferd does not compute: ${shown(order) || "none"}`,
    );
  }
  return found.map(({ kind, path }) => ({ kind: kind === "mlm" ? "transformer" : kind, path }));
}

function kindOf(type: unknown): Module["kind"] | "mlm" | "none" {
  const name = typeof type === "string" ? type : "";
  const last = name.split(".").at(-1) ?? "";
  const kind = name.startsWith("sentence_transformers.") ? kinds[last] : undefined;
  if (kind !== undefined) return kind;
  throw new Error(
    `modules.json has a module that inferd does not compute: ${shown(name) || "unnamed"}`,
  );
}

function pathOf(module: unknown): string {
  const path = field(module, "path") ?? "";
  if (typeof path === "string" && !isAbsolute(path) && !path.split(/[/\\]/).includes("..")) {
    return path;
  }
  throw new Error("modules.json has a path that leads out of the model's folder");
}
