import { Client, credentials } from "@grpc/grpc-js";
import {
  TokenizationServiceService,
  TokenizeRequest,
  type TokenizeResponse,
} from "../../gen/inferd/v1/tokenization_service.ts";
import { openInferd } from "../load/inferd.ts";
import { assertNoErrors, type Measurement, measure } from "../load/measure.ts";
import { requests } from "../load/requests.ts";
import type { Context, Scenario } from "../lib/scenario.ts";
import { withServer } from "../lib/server.ts";
import { percentile, rounded } from "../lib/statistics.ts";

const streams = 16;
const everyMs = 25;
const text = "The river runs past the old market, and the children feed the ducks. "
  .repeat(8)
  .trim();

interface Sample {
  readonly way: "idle" | "full load";
  readonly tookMs: readonly number[];
  readonly load?: Measurement;
}

export const tokenize: Scenario = {
  name: "tokenize",
  title: "Tokens of a text under full load",
  method: `Tokenize with a text of ${text.length} bytes, one call after the other and at most one every ${everyMs} ms, on a connection of its own: without other calls, then while ${streams} streams keep inferd-demo, and with it all cores, busy on the same machine.`,
  async run(context) {
    const samples = await measured(context);
    const at = ({ tookMs }: Sample, share: number): number =>
      rounded(
        percentile(
          tookMs.toSorted((a, b) => a - b),
          share,
        ),
      );
    const loaded = samples.find(({ way }) => way === "full load");
    if (loaded === undefined) throw new Error("bug: nothing was measured under load");
    return {
      claims: [
        {
          what: "Tokenize under full load, 99th percentile",
          value: at(loaded, 0.99),
          unit: "ms",
          aim: { relation: "≤", value: 20 },
        },
      ],
      tables: [
        {
          title: "Tokenize",
          columns: ["", "calls", "p50 ms", "p99 ms", "slowest ms", "tokens/s of the streams"],
          rows: samples.map((sample) => [
            sample.way,
            sample.tookMs.length,
            ...[0.5, 0.99, 1].map((share) => at(sample, share)),
            sample.load === undefined ? "" : speedOf(sample.load),
          ]),
        },
      ],
      data: { samples },
    };
  },
};

const speedOf = ({ completionTokens, elapsedMs }: Measurement): number =>
  rounded((completionTokens / elapsedMs) * 1000);

async function measured(context: Context): Promise<readonly Sample[]> {
  const seconds = context.isSmoke ? 2 : 60;
  return withServer({ flags: [] }, async ({ address }) => {
    const client = new Client(address, credentials.createInsecure(), {
      "grpc.use_local_subchannel_pool": 1,
    });
    const target = openInferd({ address, model: "", temperature: 0.8, connections: 4 });
    try {
      context.say(`alone for ${seconds} s`);
      const idle = await callFor(client, seconds * 1000);
      context.say(`under load for ${seconds} s`);
      const loading = measure(target.stream, {
        load: { kind: "closed", streams },
        calls: Infinity,
        durationMs: (seconds + 2) * 1000,
        request: requests({
          prompt: { kind: "words", words: { least: 10, most: 60 } },
          newTokens: { least: 64, most: 128 },
          seed: 1,
        }),
      });
      // All streams have begun by then.
      await new Promise((resolve) => setTimeout(resolve, 1000));
      const tookMs = await callFor(client, seconds * 1000);
      const load = await loading;
      assertNoErrors(load);
      return [
        { way: "idle", tookMs: idle },
        { way: "full load", tookMs, load },
      ];
    } finally {
      client.close();
      target.close();
    }
  });
}

/** One after the other, at most so often. */
async function callFor(client: Client, durationMs: number): Promise<readonly number[]> {
  const tookMs: number[] = [];
  const startedAt = performance.now();
  while (performance.now() - startedAt < durationMs) {
    const took = await call(client);
    tookMs.push(took);
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, everyMs - took)));
  }
  return tookMs;
}

function call(client: Client): Promise<number> {
  const { path, requestSerialize, responseDeserialize } = TokenizationServiceService.tokenize;
  const request = TokenizeRequest.fromPartial({ input: { $case: "text", value: text } });
  const startedAt = performance.now();
  return new Promise((resolve, reject) => {
    const done = (error: Error | null, response?: TokenizeResponse): void => {
      if (error !== null) reject(error);
      else if (response?.count === 0) reject(new Error("a text without tokens"));
      else resolve(performance.now() - startedAt);
    };
    client.makeUnaryRequest(path, requestSerialize, responseDeserialize, request, done);
  });
}
