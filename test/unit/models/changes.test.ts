import { expect, it } from "vitest";
import { changesTo } from "../../../src/models/changes.ts";
import type { ModelStatus } from "../../../src/models/model.ts";
import { scriptedManifest } from "../../fixtures/scripted-registry.ts";

const status = (name: string, changes: Partial<ModelStatus> = {}): ModelStatus => ({
  manifest: scriptedManifest({ name }),
  digest: "",
  state: "ready",
  failure: "",
  info: undefined,
  ...changes,
});

const cases: [string, Partial<ModelStatus>, Parameters<typeof scriptedManifest>[0], boolean][] = [
  ["that says the same", {}, {}, false],
  ["that still loads", { state: "loading" }, {}, false],
  ["that rests", { state: "failed", retryAfterMs: 30_000 }, {}, false],
  ["that was given up", { state: "failed" }, {}, true],
  ["whose version is another", {}, { version: "2" }, true],
  ["whose file was replaced", {}, { stamp: "1:2:3:5" }, true],
  ["with an option more", {}, { options: { slots: 1 } }, true],
];

it.each(cases)("a model %s is replaced or left alone", (_, changes, wanted, isReplaced) => {
  const manifest = scriptedManifest({ name: "a", ...wanted });
  const { load, replace, unload } = changesTo([manifest], [status("a", changes)]);
  expect([load, replace, unload]).toEqual([[], isReplaced ? [manifest] : [], []]);
});

it("loads what is new, and unloads what is gone", () => {
  const manifests = ["b", "c"].map((name) => scriptedManifest({ name }));
  const changes = changesTo(manifests, [status("a"), status("b")]);
  expect(changes).toEqual({ load: [manifests[1]], replace: [], unload: ["a"] });
});
