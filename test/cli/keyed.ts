/** A model that acts out scripts, a file of keys, and servers for both. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, expect } from "vitest";
import { inferd, type Outcome, type Running, start } from "./process.ts";

export interface Keyed {
  /** For whatever files a test needs; it goes when the tests are done. */
  readonly folder: string;
  /** Where keys are kept. */
  readonly keys: string;
  readonly model: string;
  /** Starts a server, and waits until it is ready; it ends with the test. */
  readonly serve: (...flags: string[]) => Promise<Serving>;
  readonly create: (...flags: string[]) => Promise<Created>;
  readonly generate: (address: string, key?: string, ...flags: string[]) => Promise<Outcome>;
}

interface Serving {
  readonly running: Running;
  readonly address: string;
}

interface Created {
  readonly key: string;
  readonly id: string;
  /** What the command said beside it. */
  readonly err: string;
}

/** Call it once in a file, outside of tests. */
export function keyed(): Keyed {
  const folder = mkdtempSync(join(tmpdir(), "inferd-"));
  const keys = join(folder, "keys.db");
  const model = join(folder, "scripted");
  mkdirSync(model);
  writeFileSync(join(model, "model.yaml"), "name: scripted\ntask: generate\nengine: scripted\n");
  const servers: Running[] = [];

  afterEach(async () => {
    for (const { child } of servers) child.kill("SIGKILL");
    await Promise.all(servers.splice(0).map(({ ended }) => ended));
  });

  afterAll(() => rmSync(folder, { recursive: true }));

  return {
    folder,
    keys,
    model,
    serve: async (...flags) => {
      const running = start(["serve", "--port", "0", "--model", model, ...flags]);
      servers.push(running);
      const address = /"address":"([^"]+)"/.exec(await running.printed('"msg":"ready"'))![1]!;
      return { running, address };
    },
    create: async (...flags) => {
      const args = ["keys", "create", "--keys", keys, "--name", "test", ...flags];
      const { code, out, err } = await inferd(args);
      expect(err).not.toContain("inferd:");
      expect(code).toBe(0);
      const key = out.trim();
      return { key, id: key.split(".")[0]!, err };
    },
    generate: (address, key, ...flags) =>
      inferd(["generate", "say one", "--address", address, ...flags], {
        env: key === undefined ? {} : { INFERD_API_KEY: key },
      }),
  };
}
