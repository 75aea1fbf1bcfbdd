/** What a server shows to the network, and how it must be told to. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, it, vi } from "vitest";
import { children } from "../../bench/lib/process.ts";
import { authority } from "../fixtures/certificates.ts";
import { listeningAddresses } from "../fixtures/listening.ts";
import { keyed } from "./keyed.ts";
import { inferd } from "./process.ts";

// Each starts up to ten processes, also on a busy machine.
vi.setConfig({ testTimeout: 60_000 });

afterEach(() => vi.unstubAllEnvs());

const { folder, keys, model, serve, create, generate } = keyed();

it.each([
  ["--host", "0.0.0.0"],
  ["--host", "::"],
])("does not start open to the network by %s %s alone", async (...flags) => {
  const { code, err } = await inferd(["serve", "--port", "0", "--model", model, ...flags]);
  expect(code).toBe(2);
  expect(err).toMatch(
    /^inferd: --host \S+ exposes the server to the network: .*--allow-unauthenticated\n$/,
  );
});

it("starts open to the network where it is told to", async () => {
  const { running } = await serve("--host", "0.0.0.0", "--allow-unauthenticated");
  running.child.kill("SIGTERM");
  expect((await running.ended).code).toBe(0);
});

it("shows metrics to the network where that is said, and nothing in them of who called with what", async () => {
  const metrics = ["--metrics-host", "0.0.0.0", "--metrics-port", "0"];
  const { running, address } = await serve("--keys", keys, ...metrics);
  const { key, id } = await create("--scope", "generate", "--scope", "models.read");
  await running.printed(`"act":"created","key":"${id}"`);
  const { code } = await inferd(["generate", "say hunter2", "--address", address], {
    env: { INFERD_API_KEY: key },
  });
  expect(code).toBe(0);
  const opened = /"host":"0.0.0.0","port":(\d+),"msg":"metrics"/.exec(
    await running.printed("metrics"),
  );
  const text = await (await fetch(`http://127.0.0.1:${opened![1]!}/metrics`)).text();
  expect(text).toMatch(/inferd_completion_tokens_total\{model="scripted"\} 1\n/);
  for (const secret of ["hunter2", id, key, "127.0.0.1", folder])
    expect(text).not.toContain(secret);
});

it("gives workers nothing by which keys could be reached", async () => {
  const spy = join(folder, "spy");
  mkdirSync(spy);
  writeFileSync(
    join(spy, "spy.mjs"),
    "export const load = () => { throw new Error(`it sees ${Object.keys(process.env)}.`); };",
  );
  writeFileSync(join(spy, "model.yaml"), "name: spy\ntask: generate\nengine: ./spy.mjs\n");
  vi.stubEnv("INFERD_KEYS", keys);
  vi.stubEnv("PGPASSWORD", "hunter2");
  vi.stubEnv("PGHOST", "db.example");
  vi.stubEnv("HARMLESS", "yes");
  const { running } = await serve("--model", spy);
  const [, seen = ""] = /it sees ([^"]*)\./.exec(await running.printed("it sees"))!;
  const names = seen.split(",");
  expect(names).toContain("HARMLESS");
  expect(names.filter((name) => /^(INFERD_KEYS|PG)/.test(name))).toEqual([]);
});

it.runIf(process.platform === "linux")(
  "CVE-2025-32444, CVE-2025-29783, CVE-2025-47277 (vLLM, pickles to a worker's port): a worker listens nowhere",
  async () => {
    const { running, address } = await serve();
    const front = running.child.pid!;
    const workers = children(front);
    expect(workers).toHaveLength(1);
    const port = Number(address.split(":")[1]).toString(16).toUpperCase().padStart(4, "0");
    expect(listeningAddresses(front)).toEqual([`0100007F:${port}`]);
    expect(workers.flatMap(listeningAddresses)).toEqual([]);
  },
);

it("serves a client by mutual TLS, and health beside it in plaintext", async () => {
  const ca = authority("CA");
  const server = ca.issue({ name: "localhost", dns: ["localhost"] });
  const client = ca.issue({ name: "robot" });
  const path = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  const caFile = path("ca.pem", ca.cert);
  const { address } = await serve(
    ...["--tls-cert", path("cert.pem", server.cert), "--tls-key", path("key.pem", server.key)],
    ...["--tls-client-ca", caFile, "--health-port", "0"],
  );
  const local = address.replace("127.0.0.1", "localhost");
  const flags = [
    ...["--tls-ca", caFile],
    ...[
      "--tls-cert",
      path("client.pem", client.cert),
      "--tls-key",
      path("client-key.pem", client.key),
    ],
  ];
  expect(await generate(local, undefined, ...flags)).toMatchObject({ code: 0, out: "one\n" });
  expect((await generate(local, undefined, "--tls-ca", caFile)).code).toBe(1);
});
