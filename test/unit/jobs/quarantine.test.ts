import { describe, expect, it } from "vitest";
import { ServeError } from "../../../src/base/errors.ts";
import type { Job } from "../../../src/engines/engine.ts";
import { fingerprintWith } from "../../../src/jobs/quarantine/fingerprint.ts";
import { Quarantine } from "../../../src/jobs/quarantine/quarantine.ts";
import { FakeClock } from "../../fixtures/fake-clock.ts";
import { embedJob, generateJob, never, sampling } from "../../fixtures/jobs.ts";

const fingerprint = fingerprintWith(Buffer.alloc(32, 1));
const poison = generateJob("poison");
const innocent = generateJob("innocent");

function setUp(bounds = { jobs: 10, tokens: 1000 }) {
  const clock = new FakeClock();
  const quarantine = new Quarantine({ fingerprint, clock, bounds, heldMs: () => 300 });
  const die = (...held: readonly (readonly [Job, number])[]) =>
    quarantine.suspect(held.map(([job, given]) => ({ job, given })));
  const enter = (job: Job, { signal = never, tokens = 1 } = {}) =>
    quarantine.enter(job, { signal, tokens });
  /** Whether it waits: what is decided at once is decided before an empty promise is. */
  const waits = async (entering: Promise<unknown>) => {
    let isSettled = false;
    const settle = () => (isSettled = true);
    entering.then(settle, settle);
    for (let turn = 0; turn < 5; turn++) await Promise.resolve();
    return !isSettled;
  };
  return { clock, quarantine, die, enter, waits };
}

describe("a job that no worker has died with", () => {
  it("runs without a trial", async () => {
    const { die, enter } = setUp();
    expect(await enter(innocent)).toBeUndefined();
    die([poison, 0]);
    expect(await enter(innocent)).toBeUndefined();
  });
});

describe("a suspect", () => {
  it("is tried once more, and refused when a second worker dies with it", async () => {
    const { quarantine, die, enter } = setUp();
    die([poison, 0]);
    const trial = await enter(poison);
    expect(trial).toBeDefined();
    die([poison, 0]);
    trial?.leave();
    await expect(enter(poison)).rejects.toMatchObject({
      reason: "REQUEST_QUARANTINED",
      code: "FAILED_PRECONDITION",
      retryAfterMs: undefined,
    });
    expect(() => quarantine.assertNotBlocked(poison)).toThrow(ServeError);
  });

  it("waits while another is on trial, so that a second death has one culprit", async () => {
    const { die, enter, waits } = setUp();
    die([poison, 0], [innocent, 0]);
    const trial = await enter(poison);
    const entering = enter(innocent);
    expect(await waits(entering)).toBe(true);
    die([poison, 0], [generateJob("a newcomer"), 3]);
    trial?.leave();
    expect(await entering).toBeDefined();
    await expect(enter(poison)).rejects.toMatchObject({ reason: "REQUEST_QUARANTINED" });
    (await entering)?.finished();
    expect(await enter(innocent)).toBeUndefined();
  });

  it("lets the next be tried once it has given more than when the worker died", async () => {
    const { die, enter, waits } = setUp();
    die([poison, 5], [innocent, 2]);
    const trial = await enter(innocent);
    const entering = enter(poison);
    trial?.gave(2);
    expect(await waits(entering)).toBe(true);
    trial?.gave(3);
    expect(await waits(entering)).toBe(false);
    die([innocent, 9], [poison, 5]);
    await expect(enter(poison)).rejects.toMatchObject({ reason: "REQUEST_QUARANTINED" });
    (await entering)?.leave();
    expect(await enter(innocent)).toBeDefined();
  });

  it("is above suspicion once it has finished", async () => {
    const { die, enter } = setUp();
    die([innocent, 0]);
    (await enter(innocent))?.finished();
    expect(await enter(innocent)).toBeUndefined();
  });

  it("stays guilty although another copy of it finishes", async () => {
    const { die, enter } = setUp();
    die([poison, 0]);
    const trial = await enter(poison);
    die([poison, 0]);
    trial?.finished();
    await expect(enter(poison)).rejects.toMatchObject({ reason: "REQUEST_QUARANTINED" });
  });

  it("is forgotten after a while, a guilty one later", async () => {
    const { clock, die, enter } = setUp();
    die([poison, 0], [innocent, 0]);
    const trial = await enter(poison);
    die([poison, 0]);
    trial?.leave();
    clock.advance(600_000);
    expect(await enter(innocent)).toBeUndefined();
    await expect(enter(poison)).rejects.toThrow(ServeError);
    clock.advance(3_000_000);
    expect(await enter(poison)).toBeUndefined();
  });
});

describe("suspects that wait", () => {
  it("leave at once when their signal aborts, with its reason", async () => {
    const { die, enter, waits } = setUp();
    die([poison, 0], [innocent, 0]);
    const trial = await enter(poison);
    const controller = new AbortController();
    const leaving = enter(innocent, controller);
    const staying = enter(innocent);
    controller.abort(new ServeError("DEADLINE_PASSED", "x"));
    await expect(leaving).rejects.toMatchObject({ reason: "DEADLINE_PASSED" });
    trial?.leave();
    expect(await waits(staying)).toBe(false);
  });

  it("all get on when the one on trial is found guilty, its copies with a refusal", async () => {
    const { die, enter } = setUp();
    die([poison, 0], [innocent, 0]);
    const trial = await enter(poison);
    const copies = [enter(poison), enter(poison)];
    const other = enter(innocent);
    die([poison, 0]);
    trial?.leave();
    for (const copy of copies) {
      await expect(copy).rejects.toMatchObject({ reason: "REQUEST_QUARANTINED" });
    }
    expect(await other).toBeDefined();
  });

  it.each([
    { by: "jobs", bounds: { jobs: 2, tokens: 1000 } },
    { by: "tokens", bounds: { jobs: 10, tokens: 15 } },
  ])("are bounded by their $by, and make room when they leave", async ({ by, bounds }) => {
    const { die, enter, waits } = setUp(bounds);
    die([poison, 0]);
    await enter(poison);
    const controller = new AbortController();
    const { signal } = controller;
    const two = [enter(poison, { signal, tokens: 6 }), enter(poison, { signal, tokens: 6 })];
    const facts = { bound: by, scope: "model", waiting: "2", waitingTokens: "12" };
    // By what a job takes, and each who is refused is told another turn.
    for (const retryAfterMs of [900, 1200]) {
      const refusal = { reason: "QUEUE_FULL", facts, retryAfterMs };
      await expect(enter(poison, { tokens: 6 })).rejects.toMatchObject(refusal);
    }
    controller.abort(new ServeError("CALLER_GONE", "x"));
    for (const left of two) await expect(left).rejects.toMatchObject({ reason: "CALLER_GONE" });
    for (let more = 0; more < 2; more++) {
      expect(await waits(enter(poison, { tokens: 6 }))).toBe(true);
    }
  });

  it("do not wait at all where their caller has gone already", async () => {
    const { die, enter } = setUp();
    die([poison, 0]);
    await enter(poison);
    const signal = AbortSignal.abort(new ServeError("CALLER_GONE", "x"));
    await expect(enter(poison, { signal })).rejects.toMatchObject({ reason: "CALLER_GONE" });
  });

  it("are overtaken by no newcomer when the place is handed on", async () => {
    const { die, enter, waits } = setUp({ jobs: 1, tokens: 1000 });
    die([poison, 0], [innocent, 0]);
    const trial = await enter(poison);
    const waiting = enter(innocent);
    trial?.leave();
    // In the same turn, before the one who waited has heard of it.
    const newcomer = enter(poison);
    expect(await waiting).toBeDefined();
    expect(await waits(newcomer)).toBe(true);
    (await waiting)?.finished();
    expect(await newcomer).toBeDefined();
  });
});

it("forgets the oldest of very many suspects", async () => {
  const { die, enter } = setUp();
  for (let count = 0; count < 1025; count++) die([generateJob(`suspect ${count}`), 0]);
  expect(await enter(generateJob("suspect 0"))).toBeUndefined();
  expect(await enter(generateJob("suspect 1"))).toBeDefined();
});

describe("a fingerprint", () => {
  const withBias = (bias: [number, number][], seed: number) =>
    generateJob("x", { sampling: { ...sampling, seed, logitBias: new Map(bias) } });
  const tokens = (...ids: number[]) =>
    generateJob("", { input: { kind: "token_ids", ids: Uint32Array.from(ids) } });

  it("is the same for the same request, whatever its seed and the order of its maps", () => {
    const one = withBias([[1, 1], [2, -1]], 1); // prettier-ignore
    const other = withBias([[2, -1], [1, 1]], 7); // prettier-ignore
    expect(fingerprint(one)).toBe(fingerprint(other));
  });

  it("is the same whoever asks", () => {
    const [mine, yours] = ["key:one", "key:other"].map((cacheScope) =>
      generateJob("poison", { cacheScope }),
    );
    expect(fingerprint(mine!)).toBe(fingerprint(yours!));
  });

  it("differs with the input, the sampling, the task and the key", () => {
    const jobs = [
      poison,
      innocent,
      withBias([[1, 1]], 1),
      withBias([[1, 2]], 1),
      tokens(1, 2),
      tokens(1, 3),
      embedJob(["poison"]),
    ];
    expect(new Set(jobs.map(fingerprint)).size).toBe(jobs.length);
    expect(fingerprintWith(Buffer.alloc(32, 2))(poison)).not.toBe(fingerprint(poison));
  });
});
