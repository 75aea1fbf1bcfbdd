/**
 * What a GGUF file's metadata says that llama.cpp does not survive: it ends the process by an assertion. Told here in a
 * line instead.
 */
import { GgufError, type GgufHeader } from "./gguf.ts";

/** `LLAMA_MAX_LAYERS` */
const mostBlocks = 512;

/** Throws a GgufError. */
export function checkSanity({ metadata }: GgufHeader): void {
  const architecture = metadata.get("general.architecture");
  const value = (key: string) => metadata.get(`${String(architecture)}.${key}`);
  const blocks = value("block_count");
  if (typeof blocks === "number" && blocks > mostBlocks) {
    throw new GgufError(`states ${blocks} blocks, and llama.cpp reads ${mostBlocks} at most`);
  }
  for (const key of ["attention.layer_norm_epsilon", "attention.layer_norm_rms_epsilon"]) {
    const epsilon = value(key);
    if (typeof epsilon !== "number" || (epsilon >= 0 && epsilon < Infinity)) continue;
    throw new GgufError(`states ${epsilon} as ${key}, which cannot be negative or no number`);
  }
  const [experts = 0, used = 0] = [value("expert_count"), value("expert_used_count")];
  if (used > experts) {
    throw new GgufError(`states that ${used} of ${experts} experts are used`);
  }
}

/** What a file is that is no model by itself, in words that go on after its name; undefined for one that may be. */
export function foreignKind({ metadata }: GgufHeader): string | undefined {
  const [architecture, type] = ["general.architecture", "general.type"].map((key) =>
    metadata.get(key),
  );
  if (type === "adapter")
    return "is an adapter (LoRA), which changes another model: merge it into that one, and serve the result";
  if (type === "mmproj" || architecture === "clip")
    return "is an image encoder (mmproj), which inferd does not serve: name the language model's own file";
  if (type === "imatrix") return "is an importance matrix, and no model";
  return undefined;
}

/** What of a vocabulary's texts is seen, one after the other: throws a GgufError for one that came before. */
export function uniqueTexts(): (text: Uint8Array) => void {
  const seen = new Set<string>();
  let place = 0;
  return (text) => {
    const key = Buffer.from(text.buffer, text.byteOffset, text.length).toString("latin1");
    // The library gives empty ones a name of their own.
    if (key !== "" && seen.has(key))
      throw new GgufError(`has a vocabulary in which token ${place} is there twice`);
    seen.add(key);
    place += 1;
  };
}
