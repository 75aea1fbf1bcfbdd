/** `inferd keys`, and a server that asks for them: as operators and callers meet them. */
import { chmodSync, existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import { keyed } from "./keyed.ts";
import { binary, inferd, start } from "./process.ts";
import { canBeRefused, unprivileged } from "./unprivileged.ts";

// Each starts up to ten processes, also on a busy machine.
vi.setConfig({ testTimeout: 60_000 });

const { folder, keys, model, serve, create, generate } = keyed();

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
      "--priority",
      "batch",
    ];
    const { id } = await create("--scope", "generate", ...flags);
    expect((await inferd(["keys", "revoke", id, "--keys", keys])).code).toBe(0);
    const { out } = await inferd(["keys", "list", "--keys", keys]);
    const row = out.split("\n").find((line) => line.startsWith(id));
    expect(row).toMatch(
      /test +revoked +generate +scripted +batch +requestsPerMinute=60 tokensPerDay=1000 +never/,
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
    [["create", "--keys", "k.db", "--name", "a", "--expires", "9999999d"], "at most 36500d"],
    [["create", "--keys", "k.db", "--name", "a", "--expires", "0d"], "more than 0"],
  ])("refuses %j, and says what is wrong", async (args, says) => {
    const { code, err } = await inferd(["keys", ...args], { cwd: folder });
    expect(code).toBe(2);
    expect(err).toContain(says);
  });

  it.each(["list", "revoke", "rotate"])("makes no file where %s finds none", async (act) => {
    const id = act === "list" ? [] : ["key_none"];
    const args = ["keys", act, ...id, "--keys", "mistyped.db"];
    const { code, err } = await inferd(args, { cwd: folder });
    expect({ code, err }).toEqual({
      code: 1,
      err: 'inferd: --keys: mistyped.db cannot be used: there is no such file; "inferd keys create" makes one\n',
    });
    expect(existsSync(join(folder, "mistyped.db"))).toBe(false);
  });

  it("spells out what a terminal would obey in a name", async () => {
    const name = "a\x1b[2J\nkey_fake\u202eb\x9b";
    const file = join(folder, "names.db");
    await inferd(["keys", "create", "--keys", file, "--name", name, "--scope", "embed"]);
    const { out } = await inferd(["keys", "list", "--keys", file]);
    expect(out).toContain("a\\u001b[2J\\u000akey_fake\\u202eb\\u009b");
    expect(out.trimEnd().split("\n")).toHaveLength(2);
  });

  it("refuses an id that is not there", async () => {
    const { code, err } = await inferd(["keys", "revoke", "key_none", "--keys", keys]);
    expect(code).toBe(2);
    expect(err).toContain("there is no key key_none");
  });
});

describe.runIf(canBeRefused)("a file of keys that may only be read", () => {
  it("is read by servers, and stops who would change it with one line", async () => {
    const frozen = join(folder, "frozen");
    mkdirSync(frozen);
    const file = join(frozen, "keys.db");
    await inferd(["keys", "create", "--keys", file, "--name", "a", "--scope", "generate"]);
    chmodSync(file, 0o400);
    chmodSync(frozen, 0o500);
    const run = (...args: string[]) => {
      const [command, ...rest] = unprivileged([binary, ...args, "--keys", file]);
      return start(rest, { binary: command! });
    };
    expect((await run("keys", "list").ended).code).toBe(0);
    const serving = run("serve", "--port", "0", "--model", model);
    await serving.printed('"msg":"ready"');
    serving.child.kill("SIGKILL");
    await serving.ended;
    const create = run("keys", "create", "--name", "a", "--scope", "generate");
    expect(await create.ended).toEqual({
      code: 1,
      out: "",
      err: "inferd: --keys: keys.db cannot be used: it or its folder is read-only\n",
    });
  });
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

  it("finishes what a revoked key had begun, and refuses its next call", async () => {
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
    await running.printed(`"act":"revoked","key":"${id}"`);
    expect((await generate(address, key)).err).toContain("UNAUTHENTICATED (CREDENTIAL_INVALID)");
    const opener = ["generate", "open gate", "--address", address, "--api-key", other.key];
    expect((await inferd(opener)).code).toBe(0);
    expect(await call.ended).toMatchObject({ code: 0, out: "one two\n" });
  });

  it("lets inferd call through with a scope for reflection", async () => {
    const { running, address } = await serve("--keys", keys);
    const { key, id } = await create("--scope", "models.read", "--scope", "server.read");
    await running.printed(`"act":"created","key":"${id}"`);
    const args = ["call", "ListModels", "--address", address, "--api-key", key];
    expect((await inferd(args)).out).toContain('"name": "scripted"');
  });
});
