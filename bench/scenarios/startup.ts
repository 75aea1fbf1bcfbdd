import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openInferd } from "../load/inferd.ts";
import { measure } from "../load/measure.ts";
import { exactly, requests } from "../load/requests.ts";
import { memory } from "../lib/process.ts";
import type { Scenario, Table } from "../lib/scenario.ts";
import { type ServerProcess, withServer } from "../lib/server.ts";
import { median, rounded } from "../lib/statistics.ts";

export const startup: Scenario = {
  name: "startup",
  title: "From start to ready, and the memory it takes",
  method:
    "`bin/inferd serve` with the two models that come with it: from the start of the process to its ready line. First with an empty compile cache, then as every later start. Memory as the kernel counts it, idle and after some calls; files that a process maps, weights among them, count as resident.",
  async run({ isSmoke, say }) {
    const firstMs = await firstStart();
    const starts: number[] = [];
    const count = isSmoke ? 1 : 7;
    for (let start = 0; start < count; start += 1) {
      starts.push(await withServer({ flags: [] }, ({ readyMs }) => Promise.resolve(readyMs)));
      say(`start ${start + 1} of ${count}: ${rounded(starts.at(-1) ?? NaN)} ms`);
    }
    const memories = await withServer({ flags: [] }, async (server) => {
      const idle = memoryTable("Memory when ready, in MiB", server);
      await someCalls(server.address);
      return [idle, memoryTable("Memory after 32 completions, in MiB", server)];
    });
    return {
      claims: [
        {
          what: "ready with both models after start",
          value: rounded(median(starts) / 1000),
          unit: "s",
          aim: { relation: "≤", value: 1.5 },
        },
        { what: "ready at the very first start", value: rounded(firstMs / 1000), unit: "s" },
      ],
      tables: [
        {
          title: "Milliseconds from start to ready",
          columns: ["first start", "median of later ones", "fastest", "slowest"],
          rows: [[firstMs, median(starts), Math.min(...starts), Math.max(...starts)].map(rounded)],
        },
        ...memories,
      ],
      data: { firstMs, starts },
    };
  },
};

/** A start without what earlier ones left in the compile cache. */
async function firstStart(): Promise<number> {
  const cache = mkdtempSync(join(tmpdir(), "inferd-bench-"));
  try {
    const environment = { NODE_COMPILE_CACHE: cache };
    return await withServer({ flags: [], environment }, ({ readyMs }) => Promise.resolve(readyMs));
  } finally {
    rmSync(cache, { recursive: true });
  }
}

function memoryTable(title: string, { front, workers }: ServerProcess): Table {
  const processes = [{ pid: front, name: "front" }, ...workers()];
  const rows = processes.map(({ pid, name }) => {
    const { residentMiB, proportionalMiB, anonymousMiB } = memory(pid);
    return [name, residentMiB, proportionalMiB, anonymousMiB] as const;
  });
  const sum = (column: 1 | 2 | 3): number =>
    rounded(rows.reduce((all, row) => all + row[column], 0));
  return {
    title,
    columns: ["process", "resident", "its share of it", "not backed by files"],
    rows: [...rows, ["all", sum(1), sum(2), sum(3)]],
  };
}

async function someCalls(address: string): Promise<void> {
  const target = openInferd({ address, model: "", temperature: 0.8, connections: 1 });
  try {
    await measure(target.stream, {
      load: { kind: "closed", streams: 8 },
      calls: 32,
      durationMs: Infinity,
      request: requests({
        prompt: { kind: "words", words: { least: 20, most: 40 } },
        newTokens: exactly(32),
        seed: 1,
      }),
    });
  } finally {
    target.close();
  }
}
