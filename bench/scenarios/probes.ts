import { probe } from "../../test/kubelet/probe.ts";
import { openInferd } from "../load/inferd.ts";
import { assertNoErrors, type Measurement, measure } from "../load/measure.ts";
import { requests } from "../load/requests.ts";
import type { Context, Scenario } from "../lib/scenario.ts";
import { withServer } from "../lib/server.ts";
import { percentile, rounded } from "../lib/statistics.ts";

const streams = 32;
const timeoutMs = 1000;

interface Probed {
  readonly tookMs: readonly number[];
  readonly misses: readonly string[];
}

export const probes: Scenario = {
  name: "probes",
  title: "Liveness probes under full load",
  method: `Liveness probes as the kubelet sends them: each on a new connection, ${timeoutMs} ms for connecting and answering together, one a second, and readiness too, while ${streams} streams keep inferd-demo, and with it all cores, busy for five minutes on the same machine.`,
  async run(context) {
    const seconds = context.isSmoke ? 3 : 300;
    const { load, probed } = await measured(context, seconds);
    const sorted = probed.tookMs.toSorted((a, b) => a - b);
    const at = (share: number): number => rounded(percentile(sorted, share));
    return {
      claims: [
        {
          what: `missed probes in ${seconds} s of full load`,
          value: probed.misses.length,
          unit: "probes",
          aim: { relation: "≤", value: 0 },
        },
        { what: "slowest probe", value: at(1), unit: "ms" },
      ],
      tables: [
        {
          title: "Probes under the load",
          columns: ["probes", "missed", "p50 ms", "p99 ms", "slowest ms", "tokens/s meanwhile"],
          rows: [
            [
              probed.tookMs.length,
              probed.misses.length,
              at(0.5),
              at(0.99),
              at(1),
              rounded((load.completionTokens / load.elapsedMs) * 1000),
            ],
          ],
        },
      ],
      data: { seconds, streams, probed, load },
    };
  },
};

async function measured(
  context: Context,
  seconds: number,
): Promise<{ readonly load: Measurement; readonly probed: Probed }> {
  return withServer({ flags: [] }, async ({ address }) => {
    const target = openInferd({ address, model: "", temperature: 0.8, connections: 4 });
    context.say(`probing for ${seconds} s`);
    try {
      let isOver = false;
      const probing = probeUntil(address, () => isOver);
      const load = await measure(target.stream, {
        load: { kind: "closed", streams },
        calls: Infinity,
        durationMs: seconds * 1000,
        request: requests({
          prompt: { kind: "words", words: { least: 10, most: 60 } },
          newTokens: { least: 64, most: 128 },
          seed: 1,
        }),
      });
      isOver = true;
      assertNoErrors(load);
      return { load, probed: await probing };
    } finally {
      target.close();
    }
  });
}

async function probeUntil(address: string, isOver: () => boolean): Promise<Probed> {
  const tookMs: number[] = [];
  const misses: string[] = [];
  while (!isOver()) {
    const second = new Promise((resolve) => setTimeout(resolve, 1000));
    const attempts = await Promise.all(
      ["liveness", "readiness"].map((service) => probe({ address, service, timeoutMs })),
    );
    for (const { succeeded, why, tookMs: ms } of attempts) {
      tookMs.push(rounded(ms));
      if (!succeeded) misses.push(why);
    }
    await second;
  }
  return { tookMs, misses };
}
