/**
 * Sends frames that no HTTP/2 library would, over raw sockets. `INFERD_FUZZ_SEED` and `INFERD_FUZZ_FROM`
 * make a connection again: a failure names both. `INFERD_FUZZ_CONNECTIONS` says how many.
 */
import { expect, it } from "vitest";
import { ending, frame, rawClient, rawRequest } from "../grpc/raw.ts";
import { endure } from "./siege.ts";
import { within } from "./within.ts";
import { sendWires } from "./wires.ts";

const seed = Number(process.env["INFERD_FUZZ_SEED"] ?? 20_261_126);
const from = Number(process.env["INFERD_FUZZ_FROM"] ?? 0);
const count = Number(process.env["INFERD_FUZZ_CONNECTIONS"] ?? 1000);

it.skipIf(count === 0)(
  `lives through ${count} hostile connections, closes those that it must, and answers another all the while`,
  async () => {
    await endure({
      kind: "scripted",
      ...{ seed, from, count, round: 5000, send: sendWires },
      about: {
        name: "fuzz-connections",
        title: "Hostile connections of raw HTTP/2 frames",
        method: "Each is made from a seed and its index, and judged as `test/fuzz` says.",
        ...{ what: "hostile connections", unit: "connections" },
      },
      watch: (address) => {
        const innocent = startInnocent(address);
        return async () => {
          const codes = await innocent.stop();
          expect(codes.length).toBeGreaterThan(0);
          expect(codes.filter((code) => code !== 0)).toEqual([]);
        };
      },
    });
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
