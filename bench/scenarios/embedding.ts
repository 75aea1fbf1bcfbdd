import { embeddingRate, openEmbedding, sentences } from "../load/embedding.ts";
import { repository } from "../lib/paths.ts";
import type { Context, Scenario } from "../lib/scenario.ts";
import { withServer } from "../lib/server.ts";
import { median, rounded } from "../lib/statistics.ts";

/** Which loads are measured: one caller with one text, with many, and many callers with one. */
const embedLoads = [
  { name: "batch 1", batch: 1, callers: 1 },
  { name: "batch 32", batch: 32, callers: 1 },
  { name: "32 callers, batch 1", batch: 1, callers: 32 },
] as const;

export type EmbedRates = Readonly<Record<(typeof embedLoads)[number]["name"], number>>;

/** Divisible by every batch. */
export const embedTexts = sentences(1024);

export const embedServerFlags = ["--model", `${repository}/models/all-minilm-l6-v2`];

export const embedding: Scenario = {
  name: "embedding",
  title: "Sentences embedded by all-MiniLM-L6-v2",
  method:
    "Sentences of 6 to 40 words, about 21 tokens each, by unary `Embed` calls over gRPC; whole calls are counted, tokenising included. The medians of several turns.",
  async run(context) {
    const turns: EmbedRates[] = [];
    for (let turn = 0; turn < (context.isSmoke ? 1 : 3); turn += 1) {
      turns.push(await inferdRates(context));
    }
    const rates = embedLoads.map(({ name }) => rounded(median(turns.map((turn) => turn[name]))));
    return {
      claims: [],
      tables: [
        {
          title: "Sentences a second",
          columns: ["", ...embedLoads.map(({ name }) => name)],
          rows: [["inferd", ...rates]],
        },
      ],
      data: { turns },
    };
  },
};

/** One turn: a fresh server, all loads. */
export async function inferdRates({ isSmoke, say }: Context): Promise<EmbedRates> {
  return withServer({ flags: embedServerFlags }, async ({ address }) => {
    const target = openEmbedding(address);
    try {
      const rates: [string, number][] = [];
      for (const { name, batch, callers } of embedLoads) {
        say(`inferd: ${name}`);
        const load = { texts: embedTexts, batch, callers };
        await embeddingRate(target, { ...load, durationMs: isSmoke ? 300 : 2000 });
        const durationMs = isSmoke ? 1000 : 8000;
        rates.push([name, await embeddingRate(target, { ...load, durationMs })]);
      }
      // One entry for each of embedLoads.
      return Object.fromEntries(rates) as EmbedRates;
    } finally {
      target.close();
    }
  });
}
