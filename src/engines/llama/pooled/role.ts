import type { ItemsJob, ItemValue, ModelInfo, TextBatching } from "../../engine.ts";
import type { GgufPooling } from "../../gguf-purpose.ts";
import type { Tokens, UnreadText } from "../../texts/unread.ts";
import type { Tokenizer } from "../tokenizer.ts";

/** What a model that gives numbers of whole texts is for: how texts are read, and what the numbers mean. */
export interface Role {
  readonly pooling: GgufPooling;
  readonly openTokens: (tokenizer: Tokenizer, limit: number) => Tokens;
  /** A text as it is read while the model loads. */
  readonly trialOf: (text: string) => UnreadText;
  /** Whether two results of a text count as the same; by their direction where it is left out. */
  readonly isSame?: (a: Float32Array, b: Float32Array) => boolean;
  readonly tasks: (known: Known) => ModelInfo["tasks"];
  readonly valueOf: (job: ItemsJob, numbers: Float32Array) => ItemValue;
}

interface Known {
  /** How many numbers the model gives of a text. */
  readonly outputs: number;
  readonly batching: TextBatching;
}
