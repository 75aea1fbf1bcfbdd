import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { openInferd } from "../load/inferd.ts";
import type { StreamRequest, StreamTarget } from "../load/target.ts";
import { cacheFolder, repository } from "../lib/paths.ts";
import type { Claim, Scenario, Table } from "../lib/scenario.ts";
import { withServer } from "../lib/server.ts";
import { rounded, type Spread, spread } from "../lib/statistics.ts";

export const cancel: Scenario = {
  name: "cancel",
  title: "A cancelled call frees its slot",
  method:
    "A model with one slot. One call streams; another waits for the slot; the first is cancelled in the middle. From the cancellation at the client to the moment that the second call has the slot, which its own timings tell; and the gaps between tokens of the first, each a step.",
  async run({ isSmoke, say }) {
    const claims: Claim[] = [];
    const rows: Table["rows"][number][] = [];
    const data: Record<string, unknown> = {};
    for (const { name, path } of models()) {
      say(`cancelling calls of ${name}`);
      const flags = ["--model", manifestOf(name, path)];
      const { free, gap } = await withServer({ flags }, ({ address }) => {
        return measureCancels(address, isSmoke ? 3 : 50);
      });
      data[name] = { freeMs: free, gapMs: gap };
      rows.push([name, free.p50, free.p99, gap.p50, rounded(free.p99 / gap.p50)]);
      claims.push({ what: `cancel to free slot, p50, ${name}`, value: free.p50, unit: "ms" });
      claims.push({ what: `cancel to free slot, p99, ${name}`, value: free.p99, unit: "ms" });
    }
    const columns = ["model", "p50, ms", "p99, ms", "a step, p50, ms", "p99, in steps"];
    return { claims, tables: [{ title: "Cancel to free slot", columns, rows }], data };
  },
};

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
  const text = `{ name: ${name}, task: generate, engine: llama, files: { model: ${JSON.stringify(path)} }, limits: { max_sequences: 1 } }\n`;
  writeFileSync(join(folder, "model.yaml"), text);
  return folder;
}

/** Long enough for the second call to be in the queue. */
const queuedMs = 20;
const never = new AbortController().signal;

async function measureCancels(
  address: string,
  times: number,
): Promise<{ readonly free: Spread; readonly gap: Spread }> {
  const target = openInferd({ address, model: "", temperature: 0, connections: 1 });
  const free: number[] = [];
  const gaps: number[] = [];
  try {
    for (let time = 0; time < times; time += 1) free.push(await cancelOnce(target.stream, gaps));
  } finally {
    target.close();
  }
  const [freed, gap] = [spread(free), spread(gaps)];
  if (freed === undefined || gap === undefined) throw new Error("nothing was measured");
  return { free: freed, gap };
}

async function cancelOnce(stream: StreamTarget, gaps: number[]): Promise<number> {
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
  const first = stream(request(16_000), { signal: controller.signal, onTokens });
  await flowing.promise;
  const sentAt = performance.now();
  const second = stream(request(1), { signal: never, onTokens: () => undefined });
  await wait(queuedMs);
  const cancelledAt = performance.now();
  controller.abort();
  const { code, queueMs } = await second;
  await first;
  if (code !== "OK" || queueMs === undefined) throw new Error(`the second call ended with ${code}`);
  return sentAt + queueMs - cancelledAt;
}

function request(newTokens: number): StreamRequest {
  return { prompt: { kind: "text", text: "Once upon a time" }, newTokens, seed: 1 };
}
