import { openTokens } from "./tokens.ts";
import type { PooledParts } from "./model.ts";
import type { Role } from "./role.ts";
import { vectorPooling } from "./served.ts";

/** Vectors. Throws an Error for a file whose vectors are not known to be right. */
export function embedRole({ facts, options }: PooledParts): Role {
  const pooling = vectorPooling(facts, options.pooling);
  return {
    pooling,
    // As sentence-transformers, which reads the texts of control tokens as those tokens.
    openTokens: (tokenizer, limit) => openTokens(tokenizer, { limit, parseSpecial: true }),
    trialOf: (text) => ({ text, truncate: "end" }),
    tasks: ({ outputs, batching }) => ({
      // A GGUF file does not say whether its authors scale vectors to length 1; llama.cpp's own programs do.
      embed: { dimensions: outputs, pooling, normalize: true, takesTokenIds: true, batching },
    }),
    valueOf: (_, values) => ({ kind: "vector", values }),
  };
}
