/** Holds the code to its layers: which folder of src imports which, nothing more and nothing unused. */
import { existsSync, globSync, readFileSync } from "node:fs";
import { posix } from "node:path";
import { describe, expect, it } from "vitest";

/**
 * Each folder of src, with the folders that it imports. A folder imports only those above it, so that read
 * from top to bottom this is the design. `gen` may be imported like one at the top.
 */
const layers: Readonly<Record<string, readonly string[]>> = {
  base: [],
  telemetry: ["base"],
  engines: ["base"],
  calls: ["base"],
  contract: ["base", "engines", "calls", "gen"],
  config: ["base", "contract"],
  auth: ["base", "config", "calls", "contract"],
  catalog: ["base", "engines"],
  workers: ["base", "engines"],
  scheduling: ["base"],
  jobs: ["base", "engines", "workers", "scheduling"],
  models: ["base", "engines", "catalog", "workers", "scheduling", "jobs"],
  services: ["base", "engines", "calls", "contract", "catalog", "workers", "jobs", "models", "gen"],
  edge: ["base"],
  grpc: ["base", "calls", "contract", "auth", "services", "edge", "gen"],
  http: ["base", "calls", "auth", "services", "edge", "gen"],
  app: [
    "base",
    "engines",
    "calls",
    "edge",
    "http",
    "contract",
    "config",
    "telemetry",
    "auth",
    "catalog",
    "models",
    "services",
    "grpc",
  ],
  cli: ["base", "engines", "contract", "config", "auth", "catalog", "models", "app", "gen"],
};

/**
 * Of a file's text, the paths within this repository that it names relative to itself: in imports (static, dynamic,
 * of types), in `new URL(…, import.meta.url)`, and in tables of what is imported later.
 */
function pathsIn(text: string, file: string): readonly string[] {
  const literals = text.matchAll(/"(\.\.?\/[^"\n]+)"/g);
  return [...literals].map(([, path = ""]) => posix.join(posix.dirname(file), path));
}

const files = globSync(["src/**/*.ts", "bench/**/*.ts", "test/**/*.ts", "tools/*.ts"]);
const paths = new Map(files.map((file) => [file, pathsIn(readFileSync(file, "utf8"), file)]));

/** What a file of src names of src and gen. */
const targetsOf = (file: string): readonly string[] =>
  (paths.get(file) ?? []).filter((path) => /^(src|gen)\//.test(path));

const layerOf = (path: string): string => {
  const [root = "", folder = ""] = path.split("/");
  return root === "src" ? folder : root;
};

const sources = files.filter((file) => file.startsWith("src/"));

describe("layers", () => {
  it.each(sources)("%s imports only what its layer may", (file) => {
    const layer = layerOf(file);
    const allowed = [layer, ...(layers[layer] ?? [])];
    for (const target of targetsOf(file)) {
      expect(allowed, `${file} must not import ${target}`).toContain(layerOf(target));
      expect(existsSync(target), `${file} names ${target}, which is not there`).toBe(true);
    }
  });

  it.each(Object.entries(layers))("%s imports all that it may", (layer, allowed) => {
    const own = sources.filter((file) => layerOf(file) === layer);
    const used = new Set(own.flatMap(targetsOf).map(layerOf));
    expect(allowed.filter((each) => !used.has(each))).toEqual([]);
  });

  it("stand above those that import them", () => {
    const order = ["gen", ...Object.keys(layers)];
    for (const [layer, allowed] of Object.entries(layers)) {
      const above = order.slice(0, order.indexOf(layer));
      expect(above, `what ${layer} imports must stand above it`).toEqual(
        expect.arrayContaining([...allowed]),
      );
    }
  });
});

type Graph = ReadonlyMap<string, readonly string[]>;

/** The first circle that a depth-first search meets, from a node to itself; empty where there is none. */
function circleIn(graph: Graph): readonly string[] {
  const done = new Set<string>();
  const search = (node: string, way: readonly string[]): readonly string[] => {
    if (way.includes(node)) return [...way.slice(way.indexOf(node)), node];
    if (done.has(node)) return [];
    done.add(node);
    for (const next of graph.get(node) ?? []) {
      const circle = search(next, [...way, node]);
      if (circle.length > 0) return circle;
    }
    return [];
  };
  return (
    [...graph.keys()].map((node) => search(node, [])).find((circle) => circle.length > 0) ?? []
  );
}

it("has no files that import each other in a circle", () => {
  expect(circleIn(paths)).toEqual([]);
});

describe("the checks themselves", () => {
  it.each([
    ['import { a } from "../base/a.ts";', "src/base/a.ts"],
    ['export type { A } from "../base/a.ts";', "src/base/a.ts"],
    ['import "./a.ts";', "src/calls/a.ts"],
    ['const a = await import("../base/a.ts");', "src/base/a.ts"],
    ['type A = import("../base/a.ts").A;', "src/base/a.ts"],
    ['new URL("./child.ts", import.meta.url)', "src/calls/child.ts"],
    ['new URL("../../gen/fds.binpb", import.meta.url)', "gen/fds.binpb"],
  ])("see %s", (text, path) => {
    expect(pathsIn(text, "src/calls/b.ts")).toEqual([path]);
  });

  it("see circles, and no circle where two ways lead to one file", () => {
    const circle = new Map([
      ["a", ["b"]],
      ["b", ["c"]],
      ["c", ["b"]],
    ]);
    const diamond = new Map([
      ["a", ["b", "c"]],
      ["b", ["d"]],
      ["c", ["d"]],
    ]);
    expect(circleIn(circle)).toEqual(["b", "c", "b"]);
    expect(circleIn(diamond)).toEqual([]);
  });
});
