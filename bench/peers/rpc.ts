/** What a call costs where a model costs nothing: inferd between bare grpc-js and FastAPI, asked by one client. */
import { type H2loadOptions, h2loadVersion, runH2load } from "../lib/h2load.ts";
import { cpuMs } from "../lib/process.ts";
import type { Claim, Context, Scenario, Table } from "../lib/scenario.ts";
import { median, rounded } from "../lib/statistics.ts";
import {
  type Counting,
  type RpcSystem,
  withBareGrpc,
  withFastApi,
  withInferd,
} from "./rpc-systems.ts";

const pieces = 1000;
const connections = 4;

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

interface Rate {
  /** Calls, or pieces of streams. */
  readonly perSecond: number;
  /** CPU time of the server's processes for each. */
  readonly microseconds: number;
}

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
    system: RpcSystem,
    what: keyof typeof names,
    call: Counting,
    load: Load,
  ): Promise<void> => {
    context.say(names[what]);
    rates[what] = await rateOf(system, call, { ...load, isSmoke: context.isSmoke });
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
  readonly isStream: boolean;
  /** Whether the answer is what `count` pieces are; a call that counts nothing says something. */
  readonly counts: boolean;
}

const unaryLoad: Load = { atOnce: unaryCalls, pieces: 1, isStream: false, counts: true };
const infoLoad: Load = { ...unaryLoad, counts: false };
const streamLoad: Load = { atOnce: streamCalls, pieces, isStream: true, counts: true };

async function rateOf(
  { pids }: RpcSystem,
  call: Counting,
  load: Load & Pick<Context, "isSmoke">,
): Promise<Rate> {
  const body = await call.ask();
  assertRight(call.read(body), load);
  const options = h2loadOptions(call, load);
  // Code that has not run for a while is not what a busy server runs.
  await runH2load({ ...options, seconds: load.isSmoke ? 1 : 3 });
  const cpu = (): number => pids().reduce((sum, pid) => sum + cpuMs(pid), 0);
  const before = cpu();
  const seconds = load.isSmoke ? 1 : 5;
  const report = await runH2load({ ...options, seconds });
  const ms = cpu() - before;
  // Times in an answer take more or fewer bytes, but a refusal takes nearly none.
  if (report.bodyBytes < report.calls * body.length * 0.9) {
    throw new Error(`${report.calls} answers have ${report.bodyBytes} bytes`);
  }
  return {
    perSecond: rounded(report.callsPerSecond * load.pieces),
    microseconds: rounded((ms * 1000) / (report.calls * load.pieces)),
  };
}

function assertRight(text: string, load: Load): void {
  const counted = Array.from({ length: load.pieces }, (_, index) => `${index}\n`).join("");
  const isRight = load.counts ? text === counted : text !== "";
  if (!isRight) throw new Error(`an answer is wrong: ${text.slice(0, 80)}`);
}

function h2loadOptions(call: Counting, { atOnce }: Load): Omit<H2loadOptions, "seconds"> {
  return call.protocol === "http/1.1"
    ? { ...call, connections: atOnce, streams: 1 }
    : { ...call, connections, streams: atOnce / connections };
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
