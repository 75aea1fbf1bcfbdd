import type { ItemsJob, ItemValue, ModelInfo, TextBatching } from "../../engine.ts";
import type { GgufPooling } from "../../gguf-purpose.ts";
import type { Tokens } from "../../texts/unread.ts";
import type { Tokenizer } from "../tokenizer.ts";

/** What a model that gives numbers of whole texts is for: how texts are read, and what the numbers mean. */
export interface Role {
  readonly pooling: GgufPooling;
  readonly openTokens: (tokenizer: Tokenizer, limit: number) => Tokens;
  readonly tasks: (known: Known) => ModelInfo["tasks"];
  readonly valueOf: (job: ItemsJob, numbers: Float32Array) => ItemValue;
}

interface Known {
  /** How many numbers the model gives of a text. */
  readonly outputs: number;
  readonly batching: TextBatching;
}
