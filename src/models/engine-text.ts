/** A model's engine as people read it. Pure. */
import type { Interpreter } from "../catalog/interpreter.ts";
import { engineKind } from "../engines/engine-kind.ts";
import type { ModelStatus } from "./model.ts";

const places: Readonly<Record<Interpreter["from"], string>> = {
  manifest: "manifest",
  setting: "--python",
  venv: ".venv",
  default: "python3",
};

/** Such as `llama`, `module`, `program`, or `python 3.12 (.venv)`: which Python, and what has chosen it. */
export function engineText({ manifest, info }: Pick<ModelStatus, "manifest" | "info">): string {
  const { engine, python } = manifest;
  const kind = engineKind(engine);
  if (kind === "built-in") return engine;
  if (kind !== "python" || python === undefined) return kind;
  const version = info?.libraries.find(({ name }) => name === "python")?.version ?? "";
  const [short] = /^\d+\.\d+/.exec(version) ?? [];
  return [kind, ...(short === undefined ? [] : [short]), `(${places[python.from]})`].join(" ");
}
