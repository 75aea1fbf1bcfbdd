/** Models that change while calls run. */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type Log, silentLog } from "../../src/base/log.ts";
import type { Registry } from "../../src/models/registry.ts";
import { collect } from "../fixtures/jobs.ts";
import {
  openScripted,
  reached,
  scriptedManifest,
  submission,
} from "../fixtures/scripted-registry.ts";

const folder = mkdtempSync(join(tmpdir(), "inferd-reload-"));
let registry: Registry;
let onError: (message: string) => unknown = () => undefined;
const log: Log = { ...silentLog, error: (_, message) => onError(message), child: () => log };

beforeEach(async () => {
  registry = openScripted({ log });
  registry.load(scriptedManifest({ options: { slots: 1 } }));
  await reached(registry, "scripted", "ready");
});

afterEach(() => registry.close(0));

afterAll(() => rmSync(folder, { recursive: true }));

/** Until somebody reads it: no more than its credit is computed ahead. */
const endless = "say a; repeat 200 b";

const resolve = () => registry.resolve("scripted", "generate");

/** Reads a call's first piece; the rest comes with what is returned. */
async function begun(script: string) {
  const events = resolve().run(submission(script))[Symbol.asyncIterator]();
  for (let kind = ""; kind !== "piece";) {
    const next = await events.next();
    if (next.done === true) throw new Error("ended before its first piece");
    kind = next.value.kind;
  }
  return () => collect({ [Symbol.asyncIterator]: () => events });
}

const isGone = (pid: number) =>
  vi.waitFor(() => expect(existsSync(`/proc/${pid}/exe`)).toBe(false), { timeout: 10_000 });

const finishes = (events: readonly { readonly kind: string }[]) => events.at(-1)?.kind === "finish";

describe("a model that is not wanted any more", () => {
  const seen = () => registry.list().map(({ state, manifest }) => [state, manifest.version]);

  it("is unknown to calls at once, and those it has finish, those that wait for their turn included", async () => {
    const [pid = 0] = registry.pidsOf("scripted");
    const running = await begun(endless);
    const waiting = collect(resolve().run(submission("say c")));
    const told: string[] = [];
    registry.onChange(({ state }) => told.push(state));
    expect(registry.change([])).toEqual({ load: [], replace: [], unload: ["scripted"] });
    expect(told).toEqual(["unloading"]);
    expect(resolve).toThrow(expect.objectContaining({ reason: "MODEL_NOT_FOUND" }));
    expect(registry.find("scripted")).toMatchObject({ state: "unloading", failure: "" });
    expect(seen()).toEqual([["unloading", "1"]]);
    // Nothing is left to unload.
    expect(registry.change([]).unload).toEqual([]);
    expect(registry.loads()).toMatchObject([
      { model: "scripted", isReady: false, queuedJobs: 1, runningJobs: 1, slots: 1 },
    ]);
    expect(finishes(await running())).toBe(true);
    expect(finishes(await waiting)).toBe(true);
    await isGone(pid);
    await vi.waitFor(() => expect(registry.loads()).toEqual([]), { timeout: 10_000 });
    expect(registry.find("scripted")).toBeUndefined();
    expect(seen()).toEqual([]);
    // That it has ended, too.
    expect(told).toEqual(["unloading", "unloading"]);
  });

  it("is not seen any more where another has its name", async () => {
    const running = await begun(endless);
    registry.change([]);
    registry.change([scriptedManifest({ version: "2" })]);
    expect(seen()).toEqual([["loading", "2"]]);
    await reached(registry, "scripted", "ready");
    expect(finishes(await collect(resolve().run(submission("say a"))))).toBe(true);
    expect(finishes(await running())).toBe(true);
    expect(seen()).toEqual([["ready", "2"]]);
  });

  it("ends with the server, though its call goes on", async () => {
    const [pid = 0] = registry.pidsOf("scripted");
    const running = await begun("say a; wait never");
    registry.change([]);
    const failed = expect(running()).rejects.toMatchObject({ reason: "WORKER_EXITED" });
    await registry.close(100);
    await failed;
    await isGone(pid);
  });
});

describe("a model whose manifest has changed", () => {
  const changed = (options = {}) => scriptedManifest({ version: "2", options });

  it("serves as it was until the new one does, and what it has begun to its end", async () => {
    const gate = join(folder, "gate");
    const [pid = 0] = registry.pidsOf("scripted");
    registry.change([changed({ load_gate: gate })]);
    expect(registry.find("scripted")).toMatchObject({ state: "ready", manifest: { version: "1" } });
    expect(finishes(await collect(resolve().run(submission("say a"))))).toBe(true);
    const running = await begun(endless);
    const replaced = new Promise<void>((done) => {
      registry.onChange(({ manifest }) => manifest.version === "2" && done());
    });
    writeFileSync(gate, "");
    await replaced;
    expect(registry.find("scripted")).toMatchObject({ state: "ready", manifest: { version: "2" } });
    expect(registry.pidsOf("scripted")).not.toContain(pid);
    expect(registry.list()).toHaveLength(1);
    expect(registry.loads()).toMatchObject([{ isReady: true, runningJobs: 1 }]);
    expect(finishes(await collect(resolve().run(submission("say c"))))).toBe(true);
    expect(finishes(await running())).toBe(true);
    await isGone(pid);
  });

  it("counts what it keeps of prompts with what the new one keeps, until it has ended", async () => {
    const version = (next: string) =>
      scriptedManifest({ version: next, options: { prefix_bytes: 100 } });
    const replaced = (next: string) =>
      vi.waitFor(
        () =>
          expect(registry.find("scripted")).toMatchObject({
            state: "ready",
            manifest: { version: next },
          }),
        { timeout: 10_000 },
      );
    registry.change([version("2")]);
    await replaced("2");
    const running = await begun(endless);
    registry.change([version("3")]);
    await replaced("3");
    await collect(resolve().run(submission("say c")));
    const bytes = endless.length + "say c".length;
    expect(registry.loads()).toMatchObject([{ prefixBytes: bytes, prefixLimitBytes: 200 }]);
    await running();
    await vi.waitFor(
      () => expect(registry.loads()).toMatchObject([{ prefixBytes: 5, prefixLimitBytes: 100 }]),
      { timeout: 10_000 },
    );
  });

  it.each([
    ["says why it cannot load", { load_fail: "not a model" }],
    ["dies whenever it loads", { load_exit: 3 }],
  ])("stays as it was where the new one %s", async (_, options) => {
    const [pid = 0] = registry.pidsOf("scripted");
    const told: string[] = [];
    registry.onChange(({ state }) => told.push(state));
    const refused = new Promise<void>(
      (done) => (onError = (message) => message.includes("not taken") && done()),
    );
    registry.change([changed(options)]);
    await refused;
    expect(told).toEqual([]);
    expect(registry.pidsOf("scripted")).toEqual([pid]);
    expect(finishes(await collect(resolve().run(submission("say a"))))).toBe(true);
  });

  it("stays where it is wanted again before the new one serves", async () => {
    const [pid = 0] = registry.pidsOf("scripted");
    const next = [changed({ load_gate: join(folder, "never") })];
    expect(registry.change(next).replace).toEqual(next);
    expect(registry.change(next).replace).toEqual([]);
    const unchanged = [scriptedManifest({ options: { slots: 1 } })];
    expect(registry.change(unchanged)).toEqual({ load: [], replace: [], unload: [] });
    // The new one is not loading any more.
    expect(registry.change(next).replace).toEqual(next);
    expect(registry.pidsOf("scripted")).toEqual([pid]);
    expect(finishes(await collect(resolve().run(submission("say a"))))).toBe(true);
  });

  it("is left alone where nothing has changed", () => {
    const [pid = 0] = registry.pidsOf("scripted");
    expect(registry.change([scriptedManifest({ options: { slots: 1 } })])).toEqual({
      load: [],
      replace: [],
      unload: [],
    });
    expect(registry.pidsOf("scripted")).toEqual([pid]);
  });
});

it("a model that was given up is tried again, by the same manifest", async () => {
  const file = join(folder, "loads");
  const options = { load_fail: "no file", loads_file: file };
  const manifests = [scriptedManifest({ name: "bad", options })];
  registry.change(manifests);
  await reached(registry, "bad", "failed");
  const again = reached(registry, "bad", "loading");
  registry.change(manifests);
  await again;
  await reached(registry, "bad", "failed");
});
