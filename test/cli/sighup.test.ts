/** A server whose configuration is read again. */
import { once } from "node:events";
import { cpSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import { keyed } from "./keyed.ts";

// Each starts up to ten processes, also on a busy machine.
vi.setConfig({ testTimeout: 60_000 });

const { folder, keys, model, serve, create, generate } = keyed();

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
    expect((await generate(address, key)).err).toContain("RESOURCE_EXHAUSTED (QUOTA_EXCEEDED)");
    running.child.kill("SIGTERM");
    await running.printed('"level":"debug"');
  });

  it("leaves audit lines of all that is done to a server that is made silent", async () => {
    const config = join(folder, "silent.yaml");
    writeFileSync(config, "log_level: info\n");
    const { running } = await serve("--config", config, "--lame-duck-ms", "0");
    const hup = async (text: string, act: string) => {
      writeFileSync(config, text);
      running.child.kill("SIGHUP");
      await running.printed(`"audit":true,"act":"${act}`);
    };
    await hup("log_level: silent\n", 'reloaded","logLevel":"silent"');
    await hup("log_level: loud\n", "reload rejected");
    const models = join(folder, "models");
    cpSync(model, join(models, "more"), { recursive: true });
    writeFileSync(
      join(models, "more", "model.yaml"),
      "name: more\ntask: generate\nengine: scripted\n",
    );
    await hup(`log_level: silent\nmodels: ${models}\n`, "models changed");
    running.child.kill("SIGTERM");
    await running.printed('"audit":true,"act":"draining"');
    const { err } = await running.ended;
    expect(err).not.toContain('"msg":"stopped"');
  });

  it("reads a file of an issuer's keys again", async () => {
    const jwks = join(folder, "jwks.json");
    writeFileSync(jwks, '{"keys":[]}');
    const issuer = ["--jwt-issuer", "https://issuer.example", "--jwt-audience", "inferd"];
    const { running } = await serve("--jwt-jwks", jwks, ...issuer);
    writeFileSync(jwks, '{"keys":[{"kty":"OKP"}]}');
    running.child.kill("SIGHUP");
    await running.printed('"audit":true,"msg":"token keys changed"');
  });

  it("is not hindered by a bare model file that is bad, nor by one that has gone", async () => {
    const bare = join(folder, "bare.gguf");
    writeFileSync(bare, "hello");
    const { running, address } = await serve("--model", bare);
    await running.printed("is not a GGUF file");
    rmSync(bare);
    running.child.kill("SIGHUP");
    await running.printed("configuration read again");
    await running.printed("bare.gguf does not exist");
    expect((await generate(address, undefined, "--model", "scripted")).out).toBe("one\n");
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
