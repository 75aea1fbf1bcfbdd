/** Workers that die as native code dies: by a signal that no JavaScript sees coming. */
import { env } from "node:process";
import { afterEach, describe, expect, it } from "vitest";
import type { ServeError } from "../../src/base/errors.ts";
import type { Log, LogFields } from "../../src/base/log.ts";
import { silentLog } from "../../src/base/log.ts";
import type { Registry, RegistryOptions } from "../../src/models/registry.ts";
import { healthOf } from "../../src/services/health.ts";
import { FakeClock } from "../fixtures/fake-clock.ts";
import { collect } from "../fixtures/jobs.ts";
import {
  openScripted,
  reached,
  scriptedManifest,
  submission,
} from "../fixtures/scripted-registry.ts";

/** So little that a worker that wants all of it soon has it. */
const environment = { ...env, NODE_OPTIONS: "--max-old-space-size=48" };

let registry: Registry;
let lines: (LogFields & { readonly message: string })[] = [];

function open(changes: Partial<RegistryOptions> = {}): void {
  lines = [];
  const log: Log = {
    ...silentLog,
    warn: (fields, message) => lines.push({ ...fields, message }),
    child: () => log,
  };
  registry = openScripted({ environment, log, ...changes });
}

async function start() {
  registry.load(scriptedManifest());
  registry.load(scriptedManifest({ name: "other", task: "embed" }));
  await Promise.all(["scripted", "other"].map((name) => reached(registry, name, "ready")));
  return registry.resolve("", "generate");
}

/** What a stream gives up to its first piece; the rest is for the test. */
async function* untilPiece(
  events: AsyncIterator<{ readonly kind: string }>,
): AsyncGenerator<string> {
  for (let last = ""; last !== "piece";) {
    const next = await events.next();
    if (next.done === true) return;
    last = next.value.kind;
    yield last;
  }
}

/** Whether each name was SERVING, at each change. */
function watchHealth(...names: string[]): Map<string, boolean[]> {
  const seen = new Map(names.map((name) => [name, [] as boolean[]]));
  registry.onChange(() => {
    const health = healthOf(registry.list());
    for (const [name, states] of seen) {
      const isServing = health.get(name) === true;
      if (states.at(-1) !== isServing) states.push(isServing);
    }
  });
  return seen;
}

afterEach(() => registry.close(0));

const segv = (): void => void process.kill(registry.pidsOf("scripted")[0]!, "SIGSEGV");

describe.each([
  { title: "is sent SIGSEGV", script: "say a; wait never", act: segv, how: "SIGSEGV" },
  { title: "reads what is not there", script: "say a; segfault", how: "SIGSEGV" },
  { title: "runs out of memory", script: "say a; exhaust", how: "SIGABRT: out of memory" },
])("a worker that $title", ({ script, act, how }) => {
  it("fails its calls with a time to come back, and is back, alone", async () => {
    open();
    const model = await start();
    const seen = watchHealth("model:scripted", "model:other", "readiness");
    const bystander = model.run(submission("say b; wait never"))[Symbol.asyncIterator]();
    await bystander.next();
    const dying = model.run(submission(script))[Symbol.asyncIterator]();
    const pieces = await collect(untilPiece(dying));
    expect(pieces).toEqual(["started", "piece"]);
    act?.();
    for (const call of [bystander, dying]) {
      const error: unknown = await collect({ [Symbol.asyncIterator]: () => call }).catch(
        (thrown: unknown) => thrown,
      );
      expect(error).toMatchObject({ reason: "WORKER_EXITED" });
      expect((error as ServeError).retryAfterMs).toBeGreaterThanOrEqual(100);
    }
    await reached(registry, "scripted", "ready");
    const events = await collect(registry.resolve("", "generate").run(submission("say c")));
    expect(events.at(-1)?.kind).toBe("finish");
    expect(Object.fromEntries(seen)).toEqual({
      "model:scripted": [false, true],
      "model:other": [true],
      readiness: [true],
    });
    expect(lines.filter(({ message }) => message.startsWith("worker exited"))).toMatchObject([
      { how, exitSignal: how.split(":")[0] },
    ]);
  });
});

it("a model whose workers keep running out of memory says so", async () => {
  const clock = new FakeClock();
  open({ clock });
  const model = await start();
  for (let death = 1; death <= 5; death++) {
    await reached(registry, "scripted", "ready");
    const died = reached(registry, "scripted", death < 5 ? "loading" : "failed");
    await collect(model.run(submission(`say ${death}; exhaust`))).catch(() => undefined);
    await died;
    if (death < 5) clock.advance(1000);
  }
  const status = registry.find("scripted");
  expect(status?.failure).toBe("its worker keeps ending while it serves (SIGABRT: out of memory)");
});
