/** Commands that print one line for each text, in the order of the texts. */
import type { ItemError } from "../../gen/inferd/v1/types.ts";
import { type Server, withServer } from "./client.ts";
import { Reported } from "./failure.ts";
import type { ConnectionFlags } from "./flags/connection.ts";
import { groups, readLines } from "./input.ts";
import { textsPerCall } from "./items-request.ts";
import { remarkTime, say } from "./print.ts";

export interface TextCommand<Item> {
  readonly flags: ConnectionFlags;
  /** Calls the server with some texts, of which the first has this place among all. */
  readonly ask: (server: Server, texts: string[], first: number) => AsyncIterable<Item>;
  readonly print: (item: Item) => Promise<void>;
  readonly errorOf: (item: Item) => ItemError | undefined;
}

/** Takes the texts of the arguments, or the lines of standard input. Items come with their place among all texts. */
export async function eachText<
  Item extends { readonly index: number; readonly tokenCount: number },
>(texts: readonly string[], { flags, ask, print, errorOf }: TextCommand<Item>): Promise<void> {
  const counts = { texts: 0, failed: 0, tokens: 0 };
  const began = performance.now();
  await withServer(flags, async (server) => {
    for await (const group of groups(readLines(texts, "the texts"), textsPerCall)) {
      for await (const item of ask(server, group, counts.texts)) {
        const index = counts.texts;
        counts.texts += 1;
        counts.tokens += item.tokenCount;
        await print({ ...item, index });
        const error = errorOf(item);
        if (error === undefined) continue;
        counts.failed += 1;
        say(`inferd: text ${index}: ${error.reason}: ${error.message}`);
      }
    }
  });
  remarkTime(counts.texts, "text", { tokens: counts.tokens, began });
  if (counts.failed > 0) throw new Reported();
}
