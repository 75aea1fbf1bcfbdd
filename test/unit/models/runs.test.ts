import { describe, expect, it } from "vitest";
import { ServeError } from "../../../src/base/errors.ts";
import { silentModelMeter } from "../../../src/base/meter.ts";
import { fingerprintWith } from "../../../src/models/fingerprint.ts";
import { Quarantine } from "../../../src/models/quarantine.ts";
import { Runs } from "../../../src/models/runs.ts";
import { Queue } from "../../../src/scheduling/queue.ts";
import { WaitingRoom } from "../../../src/scheduling/waiting-room.ts";
import { JobStream } from "../../../src/workers/job-stream.ts";
import type { Replica } from "../../../src/workers/replica.ts";
import { FakeClock } from "../../fixtures/fake-clock.ts";
import { collect } from "../../fixtures/jobs.ts";
import { scriptedManifest, submission } from "../../fixtures/scripted-registry.ts";

const bounds = { jobs: 10, tokens: 1e9 };

/**
 * Runs jobs on a stand-in for a worker, which dies with each before it has said anything, and nobody
 * tells the quarantine: so only the bound on retries is left. With real workers a job is out of the
 * quarantine's memory only after ten minutes.
 */
function setUp() {
  const clock = new FakeClock();
  let attempts = 0;
  const worker: Pick<Replica, "run"> = {
    run: () => {
      // Else a bound that is missing would never end the test.
      if (++attempts > 10) throw new Error("tried again and again");
      const stream = new JobStream({ read: () => undefined, left: () => undefined });
      stream.fail(new ServeError("WORKER_EXITED", "the worker has exited"));
      return stream;
    },
  };
  const queue = new Queue<Replica>({
    take: () => worker as Replica,
    slots: () => 1,
    bounds,
    room: new WaitingRoom(bounds),
    refusesLate: true,
    now: clock.now,
  });
  const quarantine = new Quarantine({
    fingerprint: fingerprintWith(Buffer.alloc(32, 1)),
    clock,
    bounds,
    heldMs: () => 0,
  });
  const manifest = scriptedManifest();
  const look = () =>
    ({ manifest, digest: "", state: "ready", failure: "", info: undefined }) as const;
  const runs = new Runs({ queue, quarantine, clock, meter: silentModelMeter, look });
  return { runs, attempts: () => attempts };
}

describe("a job whose workers die and that nobody blames", () => {
  it("is tried twice in all", async () => {
    const { runs, attempts } = setUp();
    await expect(collect(runs.run(submission("say a")))).rejects.toMatchObject({
      reason: "WORKER_EXITED",
    });
    expect(attempts()).toBe(2);
  });
});
