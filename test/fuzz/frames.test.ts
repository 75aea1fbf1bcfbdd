/**
 * Sends frames that no HTTP/2 library would, over raw sockets. `INFERD_FUZZ_SEED` and `INFERD_FUZZ_FROM`
 * make a connection again: a failure names both. `INFERD_FUZZ_CONNECTIONS` says how many.
 */
import { expect, it, onTestFinished } from "vitest";
import { beginKept } from "../../bench/lib/kept.ts";
import { ending, frame, rawClient, rawRequest } from "../grpc/raw.ts";
import type { Ends } from "./callers.ts";
import { outcomeOf } from "./outcome.ts";
import { startSubject } from "./subject.ts";
import { within } from "./within.ts";
import { sendWires } from "./wires.ts";

const seed = Number(process.env["INFERD_FUZZ_SEED"] ?? 20_261_126);
const from = Number(process.env["INFERD_FUZZ_FROM"] ?? 0);
const count = Number(process.env["INFERD_FUZZ_CONNECTIONS"] ?? 1000);

// Between two looks at whether anything is wrong already.
const round = 5000;

it.skipIf(count === 0)(
  `lives through ${count} hostile connections, closes those that it must, and answers another all the while`,
  async () => {
    const kept = beginKept(
      {
        name: "fuzz-connections",
        title: "Hostile connections of raw HTTP/2 frames",
        method: "Each is made from a seed and its index, and judged as `test/fuzz` says.",
      },
      "make fuzz",
    );
    const subject = await startSubject("scripted");
    let isStopped = false;
    const stop = () => {
      isStopped = true;
      return subject.stop();
    };
    onTestFinished(() => void (isStopped || stop()));
    const ends: Ends = new Map();
    const innocent = startInnocent(subject.address);
    // Code and caches are warm after some; what grows from then on, leaks.
    const warm = Math.min(2000, Math.ceil(count / 4));
    const faults = await sendWires(subject.address, { seed, first: from, count: warm }, ends);
    expect(faults.slice(0, 20)).toEqual([]);
    const before = await subject.measure();
    for (let sent = warm; sent < count && faults.length === 0; sent += round) {
      const wires = { seed, first: from + sent, count: Math.min(round, count - sent) };
      faults.push(...(await sendWires(subject.address, wires, ends)));
    }
    expect(faults.slice(0, 20)).toEqual([]);
    const codes = await innocent.stop();
    expect(codes.length).toBeGreaterThan(0);
    expect(codes.filter((code) => code !== 0)).toEqual([]);
    expect((await subject.measure()).problems).toEqual([]);
    const grown = async () => {
      const { heapBytes, handles } = await subject.measure();
      return {
        heapIsSteady: heapBytes - before.heapBytes < 4_000_000,
        handlesAreSteady: handles - before.handles < 8,
      };
    };
    // The server hears a moment later that its callers have gone.
    const settled = { timeout: 10_000, interval: 100 };
    await expect.poll(grown, settled).toEqual({ heapIsSteady: true, handlesAreSteady: true });
    expect(await stop()).toBe(0);
    if (from === 0)
      kept?.keep(
        outcomeOf({ what: "hostile connections", unit: "connections", count, seed, ends }),
      );
  },
  120_000 + count * 40,
);

/** A connection that does nothing wrong: it calls, again and again, until it is stopped. */
function startInnocent(address: string): { stop: () => Promise<readonly (number | undefined)[]> } {
  const session = rawClient(address);
  const codes: (number | undefined)[] = [];
  let isStopped = false;
  const call = async (): Promise<void> => {
    while (!isStopped) {
      const stream = rawRequest(session, "/inferd.v1.ServerService/GetServerInfo");
      stream.end(frame(Buffer.alloc(0)));
      const code = (await within(10_000, ending(stream)))?.code;
      codes.push(code);
      // One that is lost would fail at once, for ever.
      if (code !== 0) return;
    }
  };
  const called = call();
  return {
    stop: async () => {
      isStopped = true;
      await called;
      session.destroy();
      return codes;
    },
  };
}
