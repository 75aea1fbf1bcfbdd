/** `inferd keys`, and a server that asks for them: as operators and callers meet them. */
import { once } from "node:events";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { authority } from "../fixtures/certificates.ts";
import { binary, inferd, type Outcome, type Running, start } from "./process.ts";
import { canBeRefused, unprivileged } from "./unprivileged.ts";

// Each starts up to ten processes, also on a busy machine.
vi.setConfig({ testTimeout: 60_000 });

let folder: string;
let keys: string;
let model: string;
const servers: Running[] = [];

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "inferd-"));
  keys = join(folder, "keys.db");
  model = join(folder, "scripted");
  mkdirSync(model);
  writeFileSync(join(model, "model.yaml"), "name: scripted\ntask: generate\nengine: scripted\n");
});

afterEach(async () => {
  for (const { child } of servers) child.kill("SIGKILL");
  await Promise.all(servers.splice(0).map(({ ended }) => ended));
});

afterAll(() => rmSync(folder, { recursive: true }));

async function serve(...flags: string[]): Promise<{ running: Running; address: string }> {
  const running = start(["serve", "--port", "0", "--model", model, ...flags]);
  servers.push(running);
  const address = /"address":"([^"]+)"/.exec(await running.printed('"msg":"ready"'))![1]!;
  return { running, address };
}

async function create(...flags: string[]): Promise<{ key: string; id: string; err: string }> {
  const { code, out, err } = await inferd([
    "keys",
    "create",
    "--keys",
    keys,
    "--name",
    "test",
    ...flags,
  ]);
  expect(err).not.toContain("inferd:");
  expect(code).toBe(0);
  const key = out.trim();
  return { key, id: key.split(".")[0]!, err };
}

const generate = (address: string, key?: string, ...flags: string[]) =>
  inferd(["generate", "say one", "--address", address, ...flags], {
    env: key === undefined ? {} : { INFERD_API_KEY: key },
  });

describe("inferd keys", () => {
  it("prints a key once, keeps no secret, and leaves an audit line without it", async () => {
    const { key, id, err } = await create(
      "--scope",
      "generate",
      "--scope",
      "models.read",
      "--expires",
      "90d",
    );
    const secret = key.split(".")[1]!;
    expect(key).toMatch(/^key_[0-9a-f]{16}\.[A-Za-z0-9_-]{43}$/);
    const line = { audit: true, act: "created", key: id, scopes: ["generate", "models.read"] };
    expect(JSON.parse(err)).toMatchObject(line);
    expect(err).not.toContain(secret);
    expect(readFileSync(keys).includes(secret)).toBe(false);
    const listed = await inferd(["keys", "list", "--keys", keys, "--json"]);
    expect(listed.out).not.toContain(secret);
    expect(JSON.parse(listed.out)).toContainEqual(
      expect.objectContaining({ id, state: "active", scopes: ["generate", "models.read"] }),
    );
  });

  it("shows quotas, models and the end of a key, and that one is revoked", async () => {
    const flags = [
      "--for-model",
      "scripted",
      "--requests-per-minute",
      "60",
      "--tokens-per-day",
      "1000",
    ];
    const { id } = await create("--scope", "generate", ...flags);
    expect((await inferd(["keys", "revoke", id, "--keys", keys])).code).toBe(0);
    const { out } = await inferd(["keys", "list", "--keys", keys]);
    const row = out.split("\n").find((line) => line.startsWith(id));
    expect(row).toMatch(
      /test +revoked +generate +scripted +requestsPerMinute=60 tokensPerDay=1000 +never/,
    );
    const rotated = await inferd(["keys", "rotate", id, "--keys", keys]);
    expect(rotated).toMatchObject({
      code: 2,
      out: "",
      err: `inferd: the key ${id} is revoked; create another\n`,
    });
  });

  it.each([
    [["list"], "say where keys are kept"],
    [["create", "--keys", "k.db", "--name", "a"], "--scope"],
    [["create", "--keys", "k.db", "--name", "a", "--scope", "everything"], "generate, embed"],
    [["create", "--keys", "k.db", "--name", "a", "--scope", "embed", "--expires", "soon"], "90d"],
  ])("refuses %j, and says what is wrong", async (args, says) => {
    const { code, err } = await inferd(["keys", ...args], { cwd: folder });
    expect(code).toBe(2);
    expect(err).toContain(says);
  });

  it("refuses an id that is not there", async () => {
    const { code, err } = await inferd(["keys", "revoke", "key_none", "--keys", keys]);
    expect(code).toBe(2);
    expect(err).toContain("there is no key key_none");
  });
});

describe.runIf(canBeRefused)("a file of keys that may only be read", () => {
  it.each(["create", "list", "serve"])(
    "stops %s with one line that says what to do",
    async (act) => {
      const frozen = join(folder, `frozen-${act}`);
      mkdirSync(frozen);
      const file = join(frozen, "keys.db");
      await inferd(["keys", "list", "--keys", file]);
      chmodSync(file, 0o444);
      chmodSync(frozen, 0o555);
      const commands: Record<string, string[]> = {
        create: ["keys", "create", "--name", "a", "--scope", "generate"],
        list: ["keys", "list"],
        serve: ["serve", "--port", "0", "--model", model],
      };
      const [command, ...args] = unprivileged([binary, ...commands[act]!, "--keys", file]);
      const outcome: Outcome = await inferd(args, { binary: command! });
      expect(outcome).toEqual({
        code: 1,
        out: "",
        err:
          "inferd: --keys: keys.db cannot be used: it or its folder is read-only: " +
          "SQLite writes beside it also for servers, which only read\n",
      });
    },
  );
});

describe("a server with keys", () => {
  it("follows keys that are created, rotated and revoked beside it, and says so in its log", async () => {
    const { running, address } = await serve("--keys", keys);
    expect((await generate(address)).err).toContain("UNAUTHENTICATED (NO_CREDENTIAL)");
    const { key, id } = await create("--scope", "generate");
    await running.printed(`"act":"created","key":"${id}"`);
    expect((await generate(address, key)).out).toBe("one\n");
    const rotated = (await inferd(["keys", "rotate", id, "--keys", keys])).out.trim();
    await running.printed(`"act":"rotated","key":"${id}"`);
    expect((await generate(address, key)).err).toContain("UNAUTHENTICATED (CREDENTIAL_INVALID)");
    expect((await generate(address, rotated)).out).toBe("one\n");
    await inferd(["keys", "revoke", id, "--keys", keys]);
    const log = await running.printed(`"act":"revoked","key":"${id}"`);
    expect((await generate(address, rotated)).code).toBe(1);
    expect(log).toContain('"audit":true,"method":"inferd.v1.GenerationService/GenerateStream"');
    for (const text of [key, rotated]) expect(log).not.toContain(text.split(".")[1]!);
  });

  it("finishes what a revoked key had begun, and refuses its next call within a second", async () => {
    const { running, address } = await serve("--keys", keys);
    const [{ key, id }, other] = [
      await create("--scope", "generate"),
      await create("--scope", "generate"),
    ];
    await running.printed(`"act":"created","key":"${other.id}"`);
    const call = start(["generate", "say one ; wait gate; say two", "--address", address], {
      env: { INFERD_API_KEY: key },
    });
    await call.printed("one");
    await inferd(["keys", "revoke", id, "--keys", keys]);
    const revokedAt = performance.now();
    await running.printed(`"act":"revoked","key":"${id}"`);
    expect(performance.now() - revokedAt).toBeLessThan(1000);
    expect((await generate(address, key)).err).toContain("UNAUTHENTICATED (CREDENTIAL_INVALID)");
    const opener = ["generate", "open gate", "--address", address, "--api-key", other.key];
    expect((await inferd(opener)).code).toBe(0);
    expect(await call.ended).toMatchObject({ code: 0, out: "one two\n" });
  });

  it("lets inferd call through with a scope for reflection", async () => {
    const { address } = await serve("--keys", keys);
    const { key } = await create("--scope", "models.read", "--scope", "server.read");
    const args = ["call", "ListModels", "--address", address, "--api-key", key];
    expect((await inferd(args)).out).toContain('"name": "scripted"');
  });
});

it.each([
  ["--host", "0.0.0.0"],
  ["--host", "::"],
])("does not start open to the network by %s %s alone", async (...flags) => {
  const { code, err } = await inferd(["serve", "--port", "0", "--model", model, ...flags]);
  expect(code).toBe(2);
  expect(err).toMatch(
    /^inferd: --host \S+ lets anybody on the network call: .*--allow-unauthenticated\n$/,
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

describe("SIGHUP", () => {
  it("takes the log level and quotas from the file, and names what cannot change", async () => {
    const config = join(folder, "inferd.yaml");
    writeFileSync(config, `keys: ${keys}\nlog_level: info\nmax_tokens: 100\n`);
    const { running, address } = await serve("--config", config);
    const { key, id } = await create("--scope", "generate");
    await running.printed(`"act":"created","key":"${id}"`);
    writeFileSync(
      config,
      `keys: ${keys}\nlog_level: debug\nmax_tokens: 200\nquota_requests_per_minute: 1\n`,
    );
    running.child.kill("SIGHUP");
    const log = await running.printed("configuration read again");
    expect(log).toContain('"setting":"max_tokens","msg":"this setting cannot change');
    expect(log.match(/cannot change/g)).toHaveLength(1);
    expect((await generate(address, key)).out).toBe("one\n");
    expect((await generate(address, key)).err).toContain("RESOURCE_EXHAUSTED (KEY_QUOTA)");
    running.child.kill("SIGTERM");
    await running.printed('"level":"debug"');
  });

  it("changes nothing where the file is wrong", async () => {
    const config = join(folder, "wrong.yaml");
    writeFileSync(config, "log_level: info\n");
    const { running, address } = await serve("--config", config);
    writeFileSync(config, "log_level: loud\n");
    running.child.kill("SIGHUP");
    const log = await running.printed("nothing was changed");
    expect(log).toContain("wrong.yaml:1: log_level must be one of");
    expect((await generate(address)).out).toBe("one\n");
    running.child.kill("SIGTERM");
    const [code] = (await once(running.child, "close")) as [number];
    expect(code).toBe(0);
  });
});
