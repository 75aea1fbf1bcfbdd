/** `python-peers`: the same Python functions behind inferd and behind FastAPI, asked by one client. */
import { h2loadVersion } from "../lib/h2load.ts";
import type { Context, Scenario } from "../lib/scenario.ts";
import { assertRight, type Case, cases } from "./python-cases.ts";
import { healthWhile } from "./python-health.ts";
import { claimsOf, type Measured, tablesOf, type Turn } from "./python-report.ts";
import { fastApi, inferd, type PythonSystem } from "./python-systems.ts";
import { connections, type Rate, rateOf } from "./rate.ts";
import type { Running } from "./running.ts";

const holdSeconds = 2;

export const pythonPeers: Scenario = {
  name: "python-peers",
  title: "The same Python functions behind inferd and behind FastAPI",
  method: `One client for both, h2load on one thread, on the same machine: it competes for the cores. 48 calls at once, streams of 1,000 pieces 20 at once, and 32 callers with one text each, always the same one; over ${connections} connections of HTTP/2, or as many of HTTP/1.1 as calls. FastAPI runs on uvicorn with uvloop and httptools and writes no log. Each of its endpoints is measured as \`def\`, in its pool of threads, and as \`async def\`; a turn's ratio is to the faster one. inferd runs in its defaults on the same interpreter, its line for each call written to a file; its bound on a connection's calls is raised, and the functions without a model take 64 calls at once. The vectors are those of the example in examples/python-engines; both libraries compute on half of the cores at a time, which is faster for both. Health is asked every 50 ms, on a new connection each time, while one caller's calls hold Python's lock for ${holdSeconds} s each. Each function is served alone. In turns whose order changes; ratios are the median of each turn's.`,
  missing: () => (h2loadVersion() === undefined ? "h2load is not here" : undefined),
  async run(context) {
    const turns: Turn[] = [];
    const count = context.isSmoke ? 1 : 3;
    for (let turn = 0; turn < count; turn += 1) {
      context.say(`turn ${turn + 1} of ${count}`);
      turns.push(await takeTurn(context, turn));
    }
    return {
      claims: claimsOf(turns),
      tables: tablesOf(turns),
      data: { turns },
      versions: { h2load: h2loadVersion() ?? "" },
    };
  },
};

/** Both once; who is first changes, so that none always has the cooler machine. */
async function takeTurn(context: Context, turn: number): Promise<Turn> {
  if (turn % 2 === 0) {
    const ours = await measure(inferd, context);
    return { inferd: ours, fastApi: await measure(fastApi, context) };
  }
  const theirs = await measure(fastApi, context);
  return { inferd: await measure(inferd, context), fastApi: theirs };
}

async function measure(system: PythonSystem, context: Context): Promise<Measured> {
  const rates: Record<string, Readonly<Record<string, Rate>>> = {};
  for (const one of cases) {
    rates[one.name] = await system.start(one.name, (server) =>
      ratesOf(system, one, { ...server, ...context }),
    );
  }
  const health = await system.start("hold", ({ port }) => {
    context.say(`${system.name}: health`);
    const question = { kind: "text", name: "hold", prompt: String(holdSeconds) } as const;
    const { ask } = system.call(port, question, "def");
    return healthWhile(ask, system.health(port), context.isSmoke ? 3 : 20);
  });
  return { rates, health };
}

/** Of one case, by the way in which its function is served. */
async function ratesOf(
  system: PythonSystem,
  one: Case,
  { port, pids, isSmoke, say }: Running & Context,
): Promise<Readonly<Record<string, Rate>>> {
  const rates: Record<string, Rate> = {};
  for (const form of system.forms) {
    say(`${system.name}, ${form}: ${one.says}`);
    const call = system.call(port, one, form);
    const check = (body: Buffer): void => assertRight(call.read(body), one);
    rates[form] = await rateOf({ ...one, call, check, pids, isSmoke });
  }
  return rates;
}
