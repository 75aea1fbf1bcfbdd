import { execFile } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { openEmbedding } from "../load/embedding.ts";
import { runScript } from "../lib/model.ts";
import { cacheFolder, repository } from "../lib/paths.ts";
import type { Claim, Context, Scenario } from "../lib/scenario.ts";
import { withServer } from "../lib/server.ts";
import { median, rounded } from "../lib/statistics.ts";
import {
  embedTexts,
  type EmbedRates,
  embedServerFlags,
  inferdRates,
} from "../scenarios/embedding.ts";
import { threads } from "./llama.ts";

const execute = promisify(execFile);

const batches = [1, 32] as const;

/** What sentence_transformers_rate.py prints. */
interface PeerTurn {
  readonly rates: Readonly<Record<string, number>>;
  readonly vectors: readonly (readonly number[])[];
  readonly versions: Readonly<Record<string, string>>;
}

export const embeddingPeers: Scenario = {
  name: "embedding-peers",
  title: "Sentences embedded, side by side with sentence-transformers",
  method: `all-MiniLM-L6-v2 with the same weights and the same texts on ${threads} threads: sentence-transformers in process, inferd over gRPC. In turns; ratios are the median of each turn's. The vectors of both are compared first.`,
  async run(context) {
    const python = runScript("python", "sentence-transformers.txt");
    const turns: { readonly inferd: EmbedRates; readonly peer: PeerTurn }[] = [];
    for (let turn = 0; turn < (context.isSmoke ? 1 : 3); turn += 1) {
      const inferd = await inferdRates(context);
      turns.push({ inferd, peer: await peerTurn(python, context) });
    }
    const cosine = await worstCosine(turns[0]?.peer.vectors ?? []);
    const claim = (batch: (typeof batches)[number]): Claim => {
      const each = turns.map(
        ({ inferd, peer }) => inferd[`batch ${batch}`] / (peer.rates[batch] ?? NaN),
      );
      return {
        what: `embedding against sentence-transformers, batch ${batch}`,
        value: rounded(median(each)),
        unit: "×",
        aim: { relation: "≥", value: 2 },
      };
    };
    const row = (rate: (turn: (typeof turns)[number], batch: 1 | 32) => number): number[] =>
      batches.map((batch) => rounded(median(turns.map((turn) => rate(turn, batch)))));
    return {
      claims: [
        ...batches.map(claim),
        { what: "least cosine between the two's vectors", value: cosine, unit: "" },
      ],
      tables: [
        {
          title: "Sentences a second",
          columns: ["", ...batches.map((batch) => `batch ${batch}`)],
          rows: [
            ["inferd", ...row(({ inferd }, batch) => inferd[`batch ${batch}`])],
            ["sentence-transformers", ...row(({ peer }, batch) => peer.rates[batch] ?? NaN)],
          ],
        },
      ],
      data: { turns: turns.map(({ inferd, peer }) => ({ inferd, peer: peer.rates })), cosine },
      versions: turns[0]?.peer.versions ?? {},
    };
  },
};

async function peerTurn(python: string, { isSmoke, say }: Context): Promise<PeerTurn> {
  say("sentence-transformers");
  mkdirSync(cacheFolder, { recursive: true });
  const texts = join(cacheFolder, "texts.json");
  writeFileSync(texts, JSON.stringify(embedTexts));
  const script = join(repository, "bench", "peers", "sentence_transformers_rate.py");
  const seconds = isSmoke ? 1 : 8;
  const { stdout } = await execute(
    python,
    [script, texts, String(threads), String(seconds), ...batches.map(String)],
    { env: { ...process.env, OMP_NUM_THREADS: String(threads), HF_HUB_OFFLINE: "1" } },
  );
  // Our own script printed it.
  return JSON.parse(stdout) as PeerTurn;
}

/** The least cosine between inferd's vectors and others, of the first texts: are they the same model? */
async function worstCosine(others: readonly (readonly number[])[]): Promise<number> {
  return withServer({ flags: embedServerFlags }, async ({ address }) => {
    const target = openEmbedding(address);
    try {
      const ours = await target.embed(embedTexts.slice(0, others.length));
      const cosines = ours.map((vector, index) =>
        vector.reduce((sum, value, place) => sum + value * (others[index]?.[place] ?? NaN), 0),
      );
      return Number(Math.min(...cosines).toFixed(6));
    } finally {
      target.close();
    }
  });
}
