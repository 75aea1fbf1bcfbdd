import { openInferd } from "../load/inferd.ts";
import { assertNoErrors, measure } from "../load/measure.ts";
import { exactly, requests } from "../load/requests.ts";
import { linked, randomModel } from "../lib/model.ts";
import type { Scenario } from "../lib/scenario.ts";
import { withServer } from "../lib/server.ts";
import { median, rounded } from "../lib/statistics.ts";

const streams = 4;

export const twoModels: Scenario = {
  name: "two-models",
  title: "Two models busy at once share the cores",
  method: `Two workers with the same model of 0.6B shape, ${streams} streams each, for a fixed time: one alone, then both at once, in turns. The medians of several turns.`,
  async run({ say, ...context }) {
    const path = randomModel({ say, ...context });
    const models = ["left", "right"].map((name) => linked(path, name));
    const flags = models.flatMap((model) => ["--model", model]);
    const turns = context.isSmoke ? 1 : 3;
    const durationMs = context.isSmoke ? 2000 : 15_000;
    const samples = await withServer({ flags }, async ({ address }) => {
      const load = (model: string, seed: number): Promise<number> =>
        tokensPerSecond({ address, model, seed, durationMs });
      const taken: { alone: number; left: number; right: number }[] = [];
      for (let turn = 0; turn < turns; turn += 1) {
        say(`turn ${turn + 1} of ${turns}`);
        const alone = await load(turn % 2 === 0 ? "left" : "right", 3 * turn);
        const [left, right] = await Promise.all([
          load("left", 3 * turn + 1),
          load("right", 3 * turn + 2),
        ]);
        taken.push({ alone, left, right });
      }
      return taken;
    });
    const alone = median(samples.map((sample) => sample.alone));
    const left = median(samples.map((sample) => sample.left));
    const right = median(samples.map((sample) => sample.right));
    return {
      claims: [
        {
          what: "two busy models together, against one alone",
          value: rounded(median(samples.map((s) => (s.left + s.right) / s.alone))),
          unit: "×",
          aim: { relation: "≥", value: 0.85 },
        },
        {
          what: "the slower of two busy models, against the faster",
          value: rounded(Math.min(left, right) / Math.max(left, right)),
          unit: "×",
        },
      ],
      tables: [
        {
          title: "Tokens a second",
          columns: ["one alone", "left of two", "right of two"],
          rows: [[rounded(alone), rounded(left), rounded(right)]],
        },
      ],
      data: { samples },
    };
  },
};

interface Load {
  readonly address: string;
  readonly model: string;
  readonly seed: number;
  readonly durationMs: number;
}

async function tokensPerSecond({ address, model, seed, durationMs }: Load): Promise<number> {
  const target = openInferd({ address, model, temperature: 0.8, connections: 1 });
  try {
    const measured = await measure(target.stream, {
      load: { kind: "closed", streams },
      calls: Infinity,
      durationMs,
      request: requests({
        prompt: { kind: "tokens", tokens: exactly(32) },
        newTokens: exactly(128),
        seed,
      }),
    });
    assertNoErrors(measured);
    return measured.tokensPerSecond;
  } finally {
    target.close();
  }
}
