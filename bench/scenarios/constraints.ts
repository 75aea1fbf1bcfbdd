import { Client, credentials } from "@grpc/grpc-js";
import {
  type Constraint,
  GenerateRequest,
  type GenerateResponse,
  GenerationServiceService,
} from "../../gen/inferd/v1/generation_service.ts";
import { manifestFor, randomModel } from "../lib/model.ts";
import type { Context, Scenario } from "../lib/scenario.ts";
import { withServer } from "../lib/server.ts";
import { median, rounded } from "../lib/statistics.ts";
import { openInferd } from "../load/inferd.ts";
import {
  contextTokens,
  measureWaves,
  medianOf,
  shape,
  streamCounts,
  streamsText,
  type Wave,
} from "./generation.ts";

/** Longer than any call writes, so that no text ends before its tokens are used up. */
const schema = JSON.stringify({
  type: "array",
  items: {
    type: "object",
    properties: { name: { type: "string" }, count: { type: "integer" } },
    required: ["name", "count"],
    additionalProperties: false,
  },
  minItems: 64,
});
const constraint: Constraint = {
  kind: { $case: "jsonSchema", value: schema },
  closeAtLength: false,
};
/** Each takes the thread that compiles a second or more, and is then refused. */
const hostileProperties = 3000;

interface Way {
  readonly way: "free" | "JSON" | "free, while hostile schemas are compiled";
  readonly waves: readonly Wave[];
}

export const constraints: Scenario = {
  name: "constraints",
  title: "Completions held to a JSON Schema",
  method: `Model of 0.6B shape (random weights, Q4_0), which knows no JSON: most tokens of the form are refused at first. Prompts of ${shape.promptTokens} tokens, ${shape.newTokens} new tokens; rounds of free waves, waves held to a schema of an array of objects, and free ones while a caller sends schemas of ${hostileProperties} properties, each another. The medians of several rounds.`,
  async run(context) {
    const ways = await measured(context);
    const at = ({ waves }: Way, streams: number): number =>
      medianOf(waves, streams, (wave) => wave.tokensPerSecond);
    const [free, held, hostile] = ways;
    if (free === undefined || held === undefined || hostile === undefined) {
      throw new Error("bug: a way was not measured");
    }
    return {
      claims: [
        ...streamCounts.map((streams) => ({
          what: `tokens a second held to a schema, as a part of free ones, ${streamsText(streams)}`,
          value: rounded(at(held, streams) / at(free, streams)),
          unit: "",
          aim: { relation: "≥", value: 0.9 } as const,
        })),
        {
          what: "tokens a second while hostile schemas are compiled, as a part of those without",
          value: rounded(
            median(streamCounts.map((streams) => at(hostile, streams) / at(free, streams))),
          ),
          unit: "",
          aim: { relation: "≥", value: 0.9 },
        },
      ],
      tables: [
        {
          title: "Output tokens a second, prompts included",
          columns: ["", ...streamCounts.map(streamsText)],
          rows: ways.map((way) => [way.way, ...streamCounts.map((streams) => at(way, streams))]),
        },
      ],
      data: { ways },
    };
  },
};

/** The ways take turns, so that what else the machine does disturbs them alike. */
async function measured({ isSmoke, say, ...rest }: Context): Promise<readonly Way[]> {
  const model = randomModel({ isSmoke, say, ...rest });
  const flags = ["--model", manifestFor(model, { slots: 16, contextTokens })];
  const waves: Record<Way["way"], Wave[]> = {
    free: [],
    JSON: [],
    "free, while hostile schemas are compiled": [],
  };
  await withServer({ flags }, async ({ address }) => {
    const options = { address, model: "", temperature: shape.temperature, connections: 1 };
    const free = openInferd(options);
    const held = openInferd({ ...options, constraint });
    try {
      for (let round = 0; round < (isSmoke ? 1 : 4); round += 1) {
        const once = { count: 1, say, seed: round * 3 };
        waves.free.push(...(await measureWaves(free.stream, { ...once, name: "free" })));
        const json = { ...once, name: "JSON", seed: once.seed + 1 };
        waves.JSON.push(...(await measureWaves(held.stream, json)));
        const others = { ...once, name: "free, hostile schemas", seed: once.seed + 2 };
        waves["free, while hostile schemas are compiled"].push(
          ...(await whileHostile(address, round, () => measureWaves(free.stream, others))),
        );
      }
    } finally {
      free.close();
      held.close();
    }
  });
  const names: readonly Way["way"][] = ["free", "JSON", "free, while hostile schemas are compiled"];
  return names.map((way) => ({ way, waves: waves[way] }));
}

async function whileHostile<T>(address: string, round: number, run: () => Promise<T>): Promise<T> {
  const client = new Client(address, credentials.createInsecure(), {
    "grpc.use_local_subchannel_pool": 1,
  });
  const ended = new AbortController();
  let sent = 0;
  const sending = (async () => {
    while (!ended.signal.aborted) await send(client, `${round}-${(sent += 1)}`);
  })();
  try {
    return await run();
  } finally {
    ended.abort();
    await sending;
    client.close();
    if (sent < 2) throw new Error("fewer than two schemas were sent");
  }
}

/** A schema that no call sent before. Resolves when it is refused. */
function send(client: Client, name: string): Promise<void> {
  const properties = Object.fromEntries(
    Array.from({ length: hostileProperties }, (_, at) => [`${name}-${at}`, { type: "integer" }]),
  );
  const request = GenerateRequest.fromPartial({
    input: { $case: "prompt", value: "x" },
    sampling: { maxTokens: 1 },
    constraint: { kind: { $case: "jsonSchema", value: JSON.stringify({ properties }) } },
  });
  const { path, requestSerialize, responseDeserialize } = GenerationServiceService.generate;
  return new Promise((resolve) => {
    client.makeUnaryRequest<GenerateRequest, GenerateResponse>(
      path,
      requestSerialize,
      responseDeserialize,
      request,
      () => resolve(),
    );
  });
}
