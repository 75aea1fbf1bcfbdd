/**
 * Sends calls that no library would. `INFERD_FUZZ_SEED` and `INFERD_FUZZ_FROM` make one again: a
 * failure names both. `INFERD_FUZZ_CALLS` says how many go to scripted models, which try the edge, and
 * `INFERD_FUZZ_KEYED_CALLS` how many to a server that asks for keys, and `INFERD_FUZZ_REAL_CALLS` how many
 * to the models that come with inferd, which try what lies behind it.
 */
import { describe, expect, it } from "vitest";
import { ending, frame, rawClient, rawRequest } from "../grpc/raw.ts";
import { type Calls, send } from "./callers.ts";
import { caseOf, keyedCaseOf } from "./cases.ts";
import { keyTextOf } from "./keys.ts";
import { endure } from "./siege.ts";
import type { Kind } from "./subject.ts";

const seed = Number(process.env["INFERD_FUZZ_SEED"] ?? 20_261_125);
const from = Number(process.env["INFERD_FUZZ_FROM"] ?? 0);

/** What is sent to a server, and ends without which nothing of theirs would be proved. */
interface Plan {
  readonly kind: Kind;
  readonly calls: number;
  readonly make: Calls["make"];
  readonly needed: readonly string[];
}

const realCalls = Number(process.env["INFERD_FUZZ_REAL_CALLS"] ?? 500);
// Rare: so many calls have some.
const rare = realCalls >= 5000 ? ["item INPUT_TOO_LONG"] : [];

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
    calls: realCalls,
    make: caseOf,
    needed: ["OK", "FIELD_INVALID", ...rare],
  },
];

// So many calls end in every way that has to be seen.
const enough = 500;

describe.each(kinds)("a server with $kind models", ({ kind, calls, make, needed }) => {
  it.skipIf(calls === 0)(
    `answers ${calls} hostile calls in time, each with a reason of its own, and tells nothing`,
    async () => {
      await endure({
        ...{ kind, seed, from, count: calls, round: 10_000 },
        about: {
          name: `fuzz-${kind}`,
          title: `Hostile calls to a server with ${kind} models`,
          method:
            "Each call is made from the descriptors, a seed and its index, and judged as `test/fuzz` says.",
          ...{ what: `hostile calls, ${kind} models`, unit: "calls" },
        },
        send: (address, stretch, ends) => send(address, { make, ...stretch }, ends),
        watch: (address) => async (ends) => {
          if (calls >= enough)
            expect([...ends.keys()]).toEqual(expect.arrayContaining([...needed]));
          expect(await answersStill(address, kind)).toBe(0);
        },
      });
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
