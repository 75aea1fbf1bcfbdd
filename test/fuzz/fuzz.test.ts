/**
 * Sends calls that no library would. `INFERD_FUZZ_SEED` and `INFERD_FUZZ_FROM` make one again: a
 * failure names both. `INFERD_FUZZ_CALLS` says how many go to scripted models, which try the edge, and
 * `INFERD_FUZZ_KEYED_CALLS` how many to a server that asks for keys, and `INFERD_FUZZ_REAL_CALLS` how many
 * to the models that come with inferd, which try what lies behind it.
 */
import { describe, expect, it, onTestFinished } from "vitest";
import { beginKept } from "../../bench/lib/kept.ts";
import { ending, frame, rawClient, rawRequest } from "../grpc/raw.ts";
import { type Calls, type Ends, send } from "./callers.ts";
import { caseOf, keyedCaseOf } from "./cases.ts";
import { keyTextOf } from "./keys.ts";
import { outcomeOf } from "./outcome.ts";
import { type Kind, startSubject } from "./subject.ts";

const seed = Number(process.env["INFERD_FUZZ_SEED"] ?? 20_261_125);
const from = Number(process.env["INFERD_FUZZ_FROM"] ?? 0);

/** What is sent to a server, and ends without which nothing of theirs would be proved. */
interface Plan {
  readonly kind: Kind;
  readonly calls: number;
  readonly make: Calls["make"];
  readonly needed: readonly string[];
}

const kinds: readonly Plan[] = [
  {
    kind: "scripted",
    calls: Number(process.env["INFERD_FUZZ_CALLS"] ?? 10_000),
    make: caseOf,
    needed: ["OK", "FIELD_INVALID", "MESSAGE_MALFORMED"],
  },
  {
    kind: "keyed",
    calls: Number(process.env["INFERD_FUZZ_KEYED_CALLS"] ?? 3000),
    make: keyedCaseOf,
    needed: ["OK", "FIELD_INVALID", "NO_CREDENTIAL", "CREDENTIAL_INVALID", "NOT_ALLOWED"],
  },
  {
    kind: "real",
    calls: Number(process.env["INFERD_FUZZ_REAL_CALLS"] ?? 500),
    make: caseOf,
    needed: ["OK", "FIELD_INVALID", "item INPUT_TOO_LONG"],
  },
];

// So many calls end in every way that has to be seen.
const enough = 500;

// Between two looks at whether anything is wrong already.
const round = 10_000;

describe.each(kinds)("a server with $kind models", ({ kind, calls, make, needed }) => {
  it.skipIf(calls === 0)(
    `answers ${calls} hostile calls in time, each with a reason of its own, and tells nothing`,
    async () => {
      const kept = beginKept(
        {
          name: `fuzz-${kind}`,
          title: `Hostile calls to a server with ${kind} models`,
          method:
            "Each call is made from the descriptors, a seed and its index, and judged as `test/fuzz` says.",
        },
        "make fuzz",
      );
      const subject = await startSubject(kind);
      let isStopped = false;
      const stop = () => {
        isStopped = true;
        return subject.stop();
      };
      onTestFinished(() => void (isStopped || stop()));
      const { address } = subject;
      // Code and caches are warm after some; what grows from then on, leaks.
      const warm = Math.min(2000, Math.ceil(calls / 4));
      const ends: Ends = new Map();
      const faults = await send(address, { make, seed, first: from, count: warm }, ends);
      expect(faults.slice(0, 20)).toEqual([]);
      const before = await subject.measure();
      for (let sent = warm; sent < calls && faults.length === 0; sent += round) {
        const count = Math.min(round, calls - sent);
        faults.push(...(await send(address, { make, seed, first: from + sent, count }, ends)));
      }
      expect(faults.slice(0, 20)).toEqual([]);
      if (calls >= enough) expect([...ends.keys()]).toEqual(expect.arrayContaining([...needed]));
      expect(await answersStill(address, kind)).toBe(0);
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
          outcomeOf({
            what: `hostile calls, ${kind} models`,
            unit: "calls",
            count: calls,
            seed,
            ends,
          }),
        );
    },
    // A thousandth of a second for each would do; a loaded machine and real models take longer.
    120_000 + calls * (kind === "real" ? 100 : 20),
  );
});

async function answersStill(address: string, kind: Kind): Promise<number | undefined> {
  const session = rawClient(address);
  const stream = rawRequest(session, "/inferd.v1.ServerService/GetServerInfo", {
    ...(kind === "keyed" ? { "x-api-key": keyTextOf("good") } : {}),
  });
  stream.end(frame(Buffer.alloc(0)));
  const { code } = await ending(stream);
  session.destroy();
  return code;
}
