/** Runs every command that the documents show, word for word. `CONTRIBUTING.md` says how blocks are marked. */
import { existsSync, readFileSync } from "node:fs";
import { delimiter, join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parseAllDocuments } from "yaml";
import { command } from "./command.ts";
import { type Block, blocksOf, testedDocuments } from "./documents.ts";
import { type RealServer, startServer } from "./real-server.ts";

const tools = resolve(".tools/bin");
const shown = "localhost:50051";

let server: RealServer | undefined;

beforeAll(async () => {
  for (const tool of ["grpcurl", "grpc-health-probe"]) {
    if (!existsSync(join(tools, tool))) throw new Error(`${tool} is missing; run: make tools`);
  }
  server = await startServer("bin/inferd serve");
}, 120_000);

afterAll(() => server?.stop());

const documents = testedDocuments().map((file) => ({
  file,
  blocks: blocksOf(readFileSync(file, "utf8")),
}));
const isRun = ({ test }: Block): boolean => ["run", "serve", "probes"].includes(test.kind);

describe.each(documents.filter(({ blocks }) => blocks.some(isRun)))("$file", ({ blocks }) => {
  const of = <K extends Block["test"]["kind"]>(kind: K) =>
    blocks.filter((block): block is Block & { test: { kind: K } } => block.test.kind === kind);

  it.each(of("run"))("the commands at line $line run", { timeout: 120_000 }, async (block) => {
    const next = blocks[blocks.indexOf(block) + 1];
    if (next?.test.kind === "output") {
      expect(await shell(block.text, "2>/dev/null")).toBe(next.text);
      return;
    }
    const output = await shell(block.text);
    if (block.test.says !== undefined) expect(output).toContain(block.test.says);
  });

  it.each(of("serve"))("the server at line $line serves", { timeout: 120_000 }, async (block) => {
    const other = await startServer(block.text.trim());
    const answer = await health(other.address, "readiness").catch(String);
    expect(await other.stop()).toBe("stopped");
    expect(answer).toContain('"SERVING"');
  });

  it.each(of("probes"))("the probes at line $line find a healthy server", async ({ text }) => {
    const services = servicesIn(parseAllDocuments(text).map((part) => part.toJS() as unknown));
    expect(services.length).toBeGreaterThan(0);
    for (const service of services) {
      expect(await health(server!.address, service), service).toContain('"SERVING"');
    }
  });
});

/** Runs a block's commands until one fails, against the running server instead of the one on 50051. */
async function shell(text: string, errors: "2>&1" | "2>/dev/null" = "2>&1"): Promise<string> {
  const { address } = server!;
  const path = `${tools}${delimiter}${process.env["PATH"] ?? ""}`;
  return command("sh", ["-euc", `exec ${errors}\n${text.replaceAll(shown, address)}`], {
    env: { PATH: path, INFERD_ADDRESS: address },
  });
}

/** Health is open to all callers; reflection, which grpcurl would ask, need not be. */
const health = (address: string, service: string): Promise<string> =>
  command(join(tools, "grpcurl"), [
    ...["-plaintext", "-protoset", "gen/fds.binpb", "-d", JSON.stringify({ service }), address],
    "grpc.health.v1.Health/Check",
  ]);

/** The health names that a pod's probes ask for, wherever they stand in it. */
function servicesIn(part: unknown): string[] {
  if (typeof part !== "object" || part === null) return [];
  return Object.entries(part).flatMap(([key, value]: [string, unknown]) => {
    if (key !== "grpc") return servicesIn(value);
    return [(value as { service?: string }).service ?? ""];
  });
}
