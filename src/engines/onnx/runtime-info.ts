import { env } from "onnxruntime-node";
import type { ModelInfo, ModelSource } from "../engine.ts";

/** Jobs that the engine holds at once: with more jobs, more texts of one length are found. */
const defaultSlots = 64;

/** What is said of every model of the engine. */
export function runtimeInfo({
  maxSequences = defaultSlots,
}: ModelSource): Pick<ModelInfo, "license" | "slots" | "libraries"> {
  return {
    // ONNX files have none; the manifest states it.
    license: "",
    slots: maxSequences,
    libraries: [{ name: "onnxruntime", version: env.versions.node ?? env.versions.common }],
  };
}
