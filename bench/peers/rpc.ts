/** What a call costs where a model costs nothing: inferd between bare grpc-js and FastAPI, asked by one client. */
import { h2loadVersion } from "../lib/h2load.ts";
import type { Claim, Context, Scenario, Table } from "../lib/scenario.ts";
import { median, rounded } from "../lib/statistics.ts";
import { connections, type Rate, rateOf } from "./rate.ts";
import type { TextCall } from "./rpc-generation.ts";
import { type RpcSystem, withBareGrpc, withFastApi, withInferd } from "./rpc-systems.ts";

const pieces = 1000;

/** Calls at once. */
const unaryCalls = 48;
const streamCalls = 20;

/** What is measured: of each server, in one turn. */
type Rates = Readonly<Record<keyof typeof names, Rate>>;

const names = {
  bareUnary: "bare grpc-js, an echo",
  info: "inferd, GetServerInfo",
  generate: "inferd, Generate of one piece",
  fastApiUnary: "FastAPI, JSON",
  bareStream: `bare grpc-js, streams of ${pieces}`,
  generateStream: `inferd, GenerateStream of ${pieces} pieces`,
  fastApiStream: `FastAPI, streams of ${pieces} chunks`,
} as const;

export const rpcPeers: Scenario = {
  name: "rpc-peers",
  title: "What a call costs without a model, inferd, bare grpc-js and FastAPI",
  method: `One client for all, h2load on one thread, on the same machine: it competes for the cores, so CPU of the server's processes for each call tells more than calls a second. ${unaryCalls} calls at once, and streams of ${pieces} pieces of a few bytes, ${streamCalls} at once: over ${connections} connections of HTTP/2, or as many of HTTP/1.1 as calls. inferd serves a function through a worker, in its defaults, its line for each call written to a file; its bound on a connection's calls is raised. FastAPI runs on uvicorn with uvloop and httptools and writes no log. h2load counts HTTP statuses, so one answer of each is compared before, and the answers' bytes afterwards. In turns whose order changes; ratios are the median of each turn's.`,
  missing: () => (h2loadVersion() === undefined ? "h2load is not here" : undefined),
  async run(context) {
    const turns: Rates[] = [];
    const count = context.isSmoke ? 1 : 3;
    for (let turn = 0; turn < count; turn += 1) {
      context.say(`turn ${turn + 1} of ${count}`);
      turns.push(await takeTurn(context, turn));
    }
    return {
      claims: claimsOf(turns),
      tables: [tableOf(turns)],
      data: { turns },
      versions: { h2load: h2loadVersion() ?? "" },
    };
  },
};

/** Every server once; who is first changes, so that none always has the cooler machine. */
async function takeTurn(context: Context, turn: number): Promise<Rates> {
  const rates: Partial<Record<keyof typeof names, Rate>> = {};
  const measured = async (
    { pids }: RpcSystem,
    what: keyof typeof names,
    call: TextCall,
    load: Load,
  ): Promise<void> => {
    context.say(names[what]);
    const check = (body: Buffer): void => assertRight(call.read(body), load);
    rates[what] = await rateOf({ call, pids, check, ...load, isSmoke: context.isSmoke });
  };
  const servers = [
    () =>
      withBareGrpc(async (bare) => {
        await measured(bare, "bareUnary", bare.unary(1), unaryLoad);
        await measured(bare, "bareStream", bare.stream(pieces), streamLoad);
      }),
    () =>
      withInferd(async (inferd) => {
        if (inferd.info !== undefined) await measured(inferd, "info", inferd.info, infoLoad);
        await measured(inferd, "generate", inferd.unary(1), unaryLoad);
        await measured(inferd, "generateStream", inferd.stream(pieces), streamLoad);
      }),
    () =>
      withFastApi(async (fastApi) => {
        await measured(fastApi, "fastApiUnary", fastApi.unary(1), unaryLoad);
        await measured(fastApi, "fastApiStream", fastApi.stream(pieces), streamLoad);
      }),
  ];
  for (let place = 0; place < servers.length; place += 1) {
    await servers[(turn + place) % servers.length]?.();
  }
  // Each was measured, or one threw.
  return rates as Rates;
}

interface Load {
  readonly atOnce: number;
  /** Pieces in an answer, each of which counts; of a unary one, the answer counts. */
  readonly pieces: number;
  /** Whether the answer is what `count` pieces are; a call that counts nothing says something. */
  readonly counts: boolean;
}

const unaryLoad: Load = { atOnce: unaryCalls, pieces: 1, counts: true };
const infoLoad: Load = { ...unaryLoad, counts: false };
const streamLoad: Load = { atOnce: streamCalls, pieces, counts: true };

function assertRight(text: string, load: Load): void {
  const counted = Array.from({ length: load.pieces }, (_, index) => `${index}\n`).join("");
  const isRight = load.counts ? text === counted : text !== "";
  if (!isRight) throw new Error(`an answer is wrong: ${text.slice(0, 80)}`);
}

function claimsOf(turns: readonly Rates[]): readonly Claim[] {
  const ratio = (what: keyof Rates, to: keyof Rates): number =>
    rounded(median(turns.map((rates) => rates[what].perSecond / rates[to].perSecond)));
  const claim = (what: string, value: number, least: number): Claim => ({
    what,
    value,
    unit: "×",
    aim: { relation: "≥", value: least },
  });
  return [
    claim("GetServerInfo against an echo of bare grpc-js", ratio("info", "bareUnary"), 0.7),
    claim("Generate of one piece against FastAPI", ratio("generate", "fastApiUnary"), 1),
    claim("streamed pieces against FastAPI", ratio("generateStream", "fastApiStream"), 1.2),
    claim("streamed pieces against bare grpc-js", ratio("generateStream", "bareStream"), 0.55),
  ];
}

function tableOf(turns: readonly Rates[]): Table {
  const rows = Object.entries(names).map(([key, name]) => {
    // The keys of the same table.
    const each = turns.map((rates) => rates[key as keyof Rates]);
    const middle = (figure: keyof Rate): number =>
      rounded(median(each.map((rate) => rate[figure])));
    return [name, middle("perSecond"), middle("microseconds")];
  });
  return {
    title: "Calls, or pieces of streams",
    columns: ["", "a second", "CPU of the server, µs each"],
    rows,
  };
}
