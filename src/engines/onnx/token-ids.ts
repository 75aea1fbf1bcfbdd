/** Checks the token ids of a `tokenizer.json` before they are used as indexes. */
import { entriesOf, field, shown } from "./json.ts";

/** Above the number of tokens of any model: a larger id would only cost memory. */
const mostTokens = 10_000_000;

/** Throws if an id is not a whole number, below 0, or beyond the model's table of `size` tokens. */
export function checkTokenIds(tokenizer: unknown, size: number | undefined): void {
  let highest = -1;
  for (const id of idsOf(tokenizer)) {
    if (typeof id !== "number" || !Number.isInteger(id) || id < 0 || id > mostTokens) {
      throw new Error(`tokenizer.json has the token id ${shown(id)}, which no model has`);
    }
    highest = Math.max(highest, id);
  }
  if (size === undefined || highest < size) return;
  throw new Error(
    `tokenizer.json has ${highest + 1} token ids and the model ${size}: they do not belong together`,
  );
}

/** Ids of the vocabulary, which is a list in order, or ids by token; and of the added tokens. */
function* idsOf(tokenizer: unknown): Iterable<unknown> {
  const vocabulary = field(field(tokenizer, "model"), "vocab");
  if (Array.isArray(vocabulary)) yield vocabulary.length - 1;
  else for (const [, id] of entriesOf(vocabulary)) yield id;
  const added = field(tokenizer, "added_tokens");
  if (Array.isArray(added)) for (const token of added) yield field(token, "id");
}
