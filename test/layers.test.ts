import { readdirSync, readFileSync } from "node:fs";
import { posix } from "node:path";
import { expect, it } from "vitest";

/** Each folder of src, with the folders it may import. Read top to bottom, it is the design. */
const layers: Record<string, readonly string[]> = {
  base: [],
  config: ["base"],
  telemetry: ["base"],
  engines: ["base"],
  catalog: ["base", "engines"],
  workers: ["base", "engines"],
  scheduling: ["base", "engines"],
  jobs: ["base", "engines", "workers", "scheduling"],
  models: ["base", "config", "catalog", "engines", "workers", "scheduling", "jobs"],
  edge: ["base"],
  calls: ["base", "config"],
  auth: ["base", "config", "calls"],
  services: ["base", "config", "calls", "catalog", "engines", "workers", "models", "gen"],
  grpc: ["base", "config", "auth", "calls", "edge", "gen"],
  app: [
    "base",
    "config",
    "auth",
    "telemetry",
    "catalog",
    "engines",
    "workers",
    "models",
    "calls",
    "services",
    "grpc",
    "gen",
  ],
  cli: ["base", "config", "auth", "catalog", "engines", "models", "app", "grpc", "gen"],
};

const layerOf = (file: string): string => /^(?:src\/)?(\w+)/.exec(file)?.[1] ?? file;

const sources = readdirSync("src", { recursive: true, encoding: "utf8" })
  .filter((entry) => entry.endsWith(".ts"))
  .map((entry) => posix.join("src", entry));

it.each(sources)("%s imports only downwards", (file) => {
  for (const [, path = ""] of readFileSync(file, "utf8").matchAll(/from "(\.[^"]+)"/g)) {
    const target = layerOf(posix.join(posix.dirname(file), path));
    const from = layerOf(file);
    const allowed = from === target || layers[from]?.includes(target);
    expect(allowed, `${file} must not import ${path}`).toBe(true);
  }
});
