import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { openInferd } from "../load/inferd.ts";
import { tokenPrompt } from "../load/requests.ts";
import type { StreamRequest, StreamTarget } from "../load/target.ts";
import { scrape, sumOf } from "../lib/metrics.ts";
import { cacheFolder, repository } from "../lib/paths.ts";
import { freePort } from "../lib/port.ts";
import { seededRandom } from "../lib/random.ts";
import type { Claim, Scenario, Table } from "../lib/scenario.ts";
import { withServer } from "../lib/server.ts";
import { rounded, type Spread, spread } from "../lib/statistics.ts";

const phases = ["generating", "reading its prompt"] as const;

type Phase = (typeof phases)[number];

/** Longer than any model here reads in the time until it is cancelled. */
const promptTokens = 1600;

interface Measured {
  /** From the cancellation at the client until the next call has the slot. */
  readonly freeMs: Spread;
  /** Between two tokens of the call that was cancelled: a step. */
  readonly gapMs: Spread | undefined;
  /** What came from the worker for a call after its cancellation. */
  readonly wastedTokens: Spread;
}

export const cancel: Scenario = {
  name: "cancel",
  title: "A cancelled call frees its slot",
  method: `A model with one slot. One call runs; another waits for the slot; the first is cancelled, while it generates or while its prompt of ${promptTokens} tokens is read. From the cancellation at the client to the moment that the second call has the slot, which its own timings tell; the gaps between tokens of the first, each a step; and the tokens that reached the front for a call after its cancellation, which the server's metrics tell: computed in the step that was under way, or before and still on their way.`,
  async run({ isSmoke, say }) {
    const claims: Claim[] = [];
    const rows: Table["rows"][number][] = [];
    const data: Record<string, unknown> = {};
    for (const { name, path } of models()) {
      const port = await freePort();
      const flags = ["--model", manifestOf(name, path), "--metrics-port", String(port)];
      await withServer({ flags }, async ({ address }) => {
        for (const phase of phases) {
          say(`cancelling calls of ${name} while it is ${phase}`);
          const measured = await measureCancels({ address, port, phase }, isSmoke ? 3 : 50);
          data[`${name}, ${phase}`] = measured;
          rows.push(rowOf(`${name}, ${phase}`, measured));
          claims.push(...claimsOf(`${name} ${phase}`, measured));
        }
      });
    }
    const columns = [
      ...["cancelled while it is", "p50, ms", "p99, ms", "a step, p50, ms"],
      ...["wasted tokens, p50", "most"],
    ];
    return { claims, tables: [{ title: "Cancel to free slot", columns, rows }], data };
  },
};

function rowOf(name: string, { freeMs, gapMs, wastedTokens }: Measured): Table["rows"][number] {
  const { p50, max } = wastedTokens;
  return [name, freeMs.p50, freeMs.p99, gapMs?.p50 ?? "", p50, max];
}

function claimsOf(what: string, { freeMs, gapMs, wastedTokens }: Measured): readonly Claim[] {
  const steps: Claim[] =
    gapMs === undefined
      ? []
      : [
          {
            what: `cancel to free slot, p50, ${what}, in steps`,
            value: rounded(freeMs.p50 / gapMs.p50),
            unit: "steps",
            aim: { relation: "≤", value: 1 },
          },
        ];
  return [
    { what: `cancel to free slot, p50, ${what}`, value: freeMs.p50, unit: "ms" },
    { what: `cancel to free slot, p99, ${what}`, value: freeMs.p99, unit: "ms" },
    ...steps,
    {
      what: `wasted tokens of a cancelled call, p50, ${what}`,
      value: wastedTokens.p50,
      unit: "tokens",
    },
  ];
}

/** The demonstration model, and the one of 0.6B shape where other benchmarks have made it. */
function models(): readonly { readonly name: string; readonly path: string }[] {
  const all = [
    { name: "inferd-demo", path: join(repository, "models", "inferd-demo", "model.gguf") },
    { name: "random-0.6b", path: join(cacheFolder, "random-0.6b.gguf") },
  ];
  return all.filter(({ path }) => existsSync(path));
}

function manifestOf(name: string, path: string): string {
  const folder = join(cacheFolder, `cancel-${name}`);
  mkdirSync(folder, { recursive: true });
  const limits = "{ max_sequences: 1, context_length: 2048 }";
  const text = `{ name: ${name}, task: generate, engine: llama, files: { model: ${JSON.stringify(path)} }, limits: ${limits} }\n`;
  writeFileSync(join(folder, "model.yaml"), text);
  return folder;
}

/** Long enough for the second call to be in the queue, and for a long prompt to be under way. */
const queuedMs = 20;
const never = new AbortController().signal;

interface Place {
  readonly address: string;
  /** Of the metrics. */
  readonly port: number;
  readonly phase: Phase;
}

async function measureCancels({ address, port, phase }: Place, times: number): Promise<Measured> {
  const target = openInferd({ address, model: "", temperature: 0, connections: 1 });
  const free: number[] = [];
  const gaps: number[] = [];
  const wasted: number[] = [];
  try {
    for (let time = 0; time < times; time += 1) {
      const before = await counted(port, 0);
      const first = phase === "generating" ? shortPrompt(1500) : longPrompt(time);
      free.push(await cancelOnce(target.stream, { first, phase, gaps }));
      const after = await counted(port, before.cancels + 1);
      wasted.push(after.wasted - before.wasted);
    }
  } finally {
    target.close();
  }
  const [freeMs, wastedTokens] = [spread(free), spread(wasted)];
  if (freeMs === undefined || wastedTokens === undefined) throw new Error("nothing was measured");
  return { freeMs, gapMs: spread(gaps), wastedTokens };
}

/** What the server counted, once it has counted so many cancellations: its text is up to 100 ms old. */
async function counted(
  port: number,
  cancels: number,
): Promise<{ readonly cancels: number; readonly wasted: number }> {
  for (let tries = 0; tries < 100; tries += 1) {
    const samples = await scrape(port);
    const now = sumOf(samples, "inferd_cancel_to_free_seconds_count");
    if (now >= cancels)
      return { cancels: now, wasted: sumOf(samples, "inferd_wasted_tokens_total") };
    await wait(20);
  }
  throw new Error("the server did not count a cancellation");
}

interface Cancelled {
  readonly first: StreamRequest;
  readonly phase: Phase;
  /** Takes the gaps between its tokens. */
  readonly gaps: number[];
}

async function cancelOnce(
  stream: StreamTarget,
  { first, phase, gaps }: Cancelled,
): Promise<number> {
  const controller = new AbortController();
  const flowing = Promise.withResolvers<undefined>();
  let last = 0;
  let tokens = 0;
  const onTokens = (): void => {
    const now = performance.now();
    if (last > 0) gaps.push(now - last);
    last = now;
    tokens += 1;
    if (tokens === 8) flowing.resolve(undefined);
  };
  const running = stream(first, { signal: controller.signal, onTokens });
  if (phase === "generating") await flowing.promise;
  const sentAt = performance.now();
  const second = stream(shortPrompt(1), { signal: never, onTokens: () => undefined });
  await wait(queuedMs);
  if (phase !== "generating" && tokens > 0) throw new Error("the prompt was read too soon");
  const cancelledAt = performance.now();
  controller.abort();
  const { code, queueMs } = await second;
  await running;
  if (code !== "OK" || queueMs === undefined) throw new Error(`the second call ended with ${code}`);
  return sentAt + queueMs - cancelledAt;
}

function shortPrompt(newTokens: number): StreamRequest {
  return { prompt: { kind: "text", text: "Once upon a time" }, newTokens, seed: 1 };
}

/** No two begin alike: a cache could answer for the model. */
function longPrompt(index: number): StreamRequest {
  return { prompt: tokenPrompt(seededRandom(index + 1), promptTokens), newTokens: 16, seed: 1 };
}
