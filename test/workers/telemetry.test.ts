/** What a worker leaves behind: nothing outside its model's folder, whatever its libraries do by default. */
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { env } from "node:process";
import { afterEach, expect, it } from "vitest";
import { openScripted, reached, scriptedManifest } from "../fixtures/scripted-registry.ts";

const folder = mkdtempSync(join(tmpdir(), "inferd-traces-"));

afterEach(() => rmSync(folder, { recursive: true }));

it("an ONNX worker makes no file in its home or temporary folder", async () => {
  const [home, temporary] = [join(folder, "home"), join(folder, "tmp")];
  for (const each of [home, temporary]) mkdirSync(each);
  // No CI: with it ONNX Runtime reports nothing anyway.
  const environment = { PATH: env["PATH"], HOME: home, TMPDIR: temporary };
  const registry = openScripted({ environment });
  const path = resolve("models/all-minilm-l6-v2/model.onnx");
  registry.load(
    scriptedManifest({
      name: "traces",
      task: "embed",
      engine: "onnx",
      files: { model: { path, sha256: undefined } },
    }),
  );
  await reached(registry, "traces", "ready");
  // Ended as it ends in service, since libraries write at their end too.
  await registry.close(10_000);
  for (const each of [home, temporary]) expect(readdirSync(each, { recursive: true })).toEqual([]);
});
