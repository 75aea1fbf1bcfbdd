import { env } from "node:process";
import { expect, it, vi } from "vitest";
import type { Log } from "../../../src/base/log.ts";
import { silentLog } from "../../../src/base/log.ts";
import { openRegistry } from "../../../src/models/registry.ts";
import { FakeClock } from "../../fixtures/fake-clock.ts";
import { FakePort } from "../../fixtures/fake-port.ts";
import { reached, scriptedManifest } from "../../fixtures/scripted-registry.ts";

it("logs how long a model took to load, each time", async () => {
  const clock = new FakeClock();
  const ports: FakePort[] = [];
  const logged: unknown[] = [];
  const log: Log = {
    ...silentLog,
    info: (fields) => logged.push(fields["afterMs"]),
    child: () => log,
  };
  const registry = openRegistry({
    cores: 2,
    environment: env,
    defaults: {},
    timeouts: { stepMs: 60_000, loadMs: 600_000 },
    maxQueuedJobs: 1,
    maxQueuedTokens: 1,
    maxQueuedJobsTotal: 1,
    maxQueuedTokensTotal: 1,
    refusesLate: true,
    log,
    clock,
    start: () => {
      const port = new FakePort();
      ports.push(port);
      return port;
    },
  });
  registry.load(scriptedManifest());
  await vi.waitFor(() => expect(ports).toHaveLength(1), { timeout: 10_000 });
  clock.advance(300);
  ports[0]!.ready();
  await reached(registry, "scripted", "ready");
  clock.advance(10_000);
  ports[0]!.exit();
  clock.advance(0);
  await vi.waitFor(() => expect(ports).toHaveLength(2), { timeout: 10_000 });
  clock.advance(200);
  ports[1]!.ready();
  await reached(registry, "scripted", "ready");
  expect(logged).toEqual([300, 200]);
});
