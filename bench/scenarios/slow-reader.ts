import { mkdirSync, writeFileSync } from "node:fs";
import { connect } from "node:http2";
import { join } from "node:path";
import { Client, credentials } from "@grpc/grpc-js";
import {
  GenerateRequest,
  type GenerateStreamResponse,
  GenerationServiceService,
} from "../../gen/inferd/v1/generation_service.ts";
import { cacheFolder } from "../lib/paths.ts";
import { memory } from "../lib/process.ts";
import type { Context, Outcome, Scenario } from "../lib/scenario.ts";
import { type ServerProcess, withServer } from "../lib/server.ts";
import { rounded, type Spread, spread } from "../lib/statistics.ts";

const streams = 16;
const stepMs = 10;
const stream = GenerationServiceService.generateStream;

export const slowReader: Scenario = {
  name: "slow-reader",
  title: "One of 16 streams stops reading",
  method: `A scripted engine gives each of ${streams} streams a piece of 200 bytes every ${stepMs} ms. In turns, all read, or one does not and gives the server no HTTP/2 window. Compared are the gaps between the others' pieces, over all turns; and the front's memory before such a turn and at its end, of which the turn that added most counts.`,
  async run(context) {
    // Nobody is ended for not reading: the stall must last for the whole turn.
    const flags = ["--model", manifest(), "--stall-ms", "3600000"];
    return withServer({ flags }, (server) => compare(server, context));
  },
};

/** A manifest of a model that needs no weights, and takes the same time on every machine. */
function manifest(): string {
  mkdirSync(cacheFolder, { recursive: true });
  const path = join(cacheFolder, "slow-reader.yaml");
  const options = `{ slots: ${streams}, step_ms: ${stepMs} }`;
  writeFileSync(path, `name: scripted\ntask: generate\nengine: scripted\noptions: ${options}\n`);
  return path;
}

async function compare(server: ServerProcess, { isSmoke, say }: Context): Promise<Outcome> {
  const pieces = isSmoke ? 50 : 1000;
  const turns = isSmoke ? 1 : 5;
  const gaps = { reading: [] as number[], stalled: [] as number[] };
  // Code and heap are warm after one turn.
  await readAll(server.address, streams, pieces);
  let grownMiB = 0;
  for (let turn = 0; turn < turns; turn += 1) {
    say(`turn ${turn + 1} of ${turns}`);
    gaps.reading.push(...(await readAll(server.address, streams - 1, pieces)));
    const before = residentMiB(server);
    const silent = stall(server.address);
    await silent.begun;
    gaps.stalled.push(...(await readAll(server.address, streams - 1, pieces)));
    grownMiB = Math.max(grownMiB, residentMiB(server) - before);
    silent.end();
  }
  return outcome(spread(gaps.reading), spread(gaps.stalled), grownMiB);
}

function residentMiB({ front }: ServerProcess): number {
  return memory(front).residentMiB;
}

function outcome(
  reading: Spread | undefined,
  stalled: Spread | undefined,
  grownMiB: number,
): Outcome {
  if (reading === undefined || stalled === undefined) throw new Error("nothing was measured");
  return {
    claims: [
      {
        what: "the others' p99 gap while one stream is not read, against all read",
        value: rounded(stalled.p99 / reading.p99),
        unit: "×",
        aim: { relation: "≤", value: 1.1 },
      },
      {
        what: "growth of the front's resident memory meanwhile",
        value: rounded(grownMiB),
        unit: "MiB",
        aim: { relation: "≤", value: 5 },
      },
    ],
    tables: [
      {
        title: "Gaps between the pieces of a stream that is read, in milliseconds",
        columns: ["", "p50", "p95", "p99", "longest"],
        rows: [
          ["all read", reading.p50, reading.p95, reading.p99, reading.max],
          ["one is not read", stalled.p50, stalled.p95, stalled.p99, stalled.max],
        ],
      },
    ],
    data: { reading, stalled, grownMiB },
  };
}

function requestOf(pieces: number): GenerateRequest {
  return GenerateRequest.fromPartial({
    input: { $case: "prompt", value: `repeat ${pieces} ${"x".repeat(200)}` },
    sampling: { maxTokens: 16_000 },
  });
}

/** Reads so many streams at once, and gives the gaps between their pieces in milliseconds. */
async function readAll(address: string, count: number, pieces: number): Promise<number[]> {
  const client = new Client(address, credentials.createInsecure());
  const read = (): Promise<number[]> =>
    new Promise((resolve, reject) => {
      const call = client.makeServerStreamRequest<GenerateRequest, GenerateStreamResponse>(
        stream.path,
        stream.requestSerialize,
        stream.responseDeserialize,
        requestOf(pieces),
      );
      const at: number[] = [];
      call.on("data", ({ event }: GenerateStreamResponse) => {
        if (event?.$case === "piece") at.push(performance.now());
      });
      call.on("error", reject);
      call.on("end", () => resolve(at.slice(1).map((now, index) => now - (at[index] ?? now))));
    });
  try {
    return (await Promise.all(Array.from({ length: count }, read))).flat();
  } finally {
    client.close();
  }
}

/** Begins a stream whose caller gives the server no room to write more than a byte. */
function stall(address: string): { readonly begun: Promise<void>; readonly end: () => void } {
  const session = connect(`http://${address}`, { settings: { initialWindowSize: 1 } });
  const call = session.request({
    ":method": "POST",
    ":path": stream.path,
    "content-type": "application/grpc",
    te: "trailers",
  });
  const message = Buffer.from(GenerateRequest.encode(requestOf(15_000)).finish());
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(message.length, 1);
  call.end(Buffer.concat([prefix, message]));
  call.pause();
  const begun = new Promise<void>((resolve, reject) => {
    call.once("response", () => resolve());
    call.once("error", reject);
  });
  call.on("error", () => undefined);
  return { begun, end: () => session.destroy() };
}
