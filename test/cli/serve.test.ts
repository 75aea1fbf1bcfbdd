/** The server as a process, with the scripted engine: how it starts, what it says, how it ends. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client, credentials, type ServiceError, status } from "@grpc/grpc-js";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import {
  GenerateRequest,
  type GenerateStreamResponse,
  GenerationServiceService,
} from "../../gen/inferd/v1/generation_service.ts";
import { detailsOf } from "../grpc/support.ts";
import { inferd, type Running, start } from "./process.ts";

let folder: string;
let server: Running | undefined;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "inferd-"));
  for (const [name, options] of [
    ["scripted", "{}"],
    ["slow", "{ step_ms: 20, slots: 7 }\nreplicas: 2"],
    ["broken", "{ load_fail: it is broken }"],
  ] as const) {
    mkdirSync(join(folder, name));
    const manifest = `name: ${name}\ntask: generate\nengine: scripted\noptions: ${options}\n`;
    writeFileSync(join(folder, name, "model.yaml"), manifest);
  }
});

afterEach(async () => {
  server?.child.kill("SIGKILL");
  await server?.ended;
});

afterAll(() => rmSync(folder, { recursive: true }));

function serve(...flags: string[]): Running {
  server = start(["serve", "--port", "0", "--lame-duck-ms", "0", ...flags]);
  return server;
}

async function ready(running: Running): Promise<string> {
  return /"address":"([^"]+)"/.exec(await running.printed('"msg":"ready"'))![1]!;
}

/** A stream by a client that shows all of an error. */
function generating(address: string, prompt: string) {
  const { path, requestSerialize, responseDeserialize } = GenerationServiceService.generateStream;
  const client = new Client(address, credentials.createInsecure());
  const stream = client.makeServerStreamRequest(
    path,
    requestSerialize,
    responseDeserialize,
    GenerateRequest.fromPartial({ input: { $case: "prompt", value: prompt } }),
  );
  const begun = new Promise<void>((resolve) => {
    stream.on("data", ({ event }: GenerateStreamResponse) => {
      if (event?.$case === "piece") resolve();
    });
  });
  const ended = new Promise<ServiceError>((resolve) => stream.once("error", resolve));
  void ended.then(() => client.close());
  return { begun, ended };
}

describe("inferd serve", () => {
  it("logs JSON where no person reads, and says what is ready and where", async () => {
    const running = serve("--models", folder);
    await ready(running);
    const lines = (await running.printed('"msg":"ready"')).trimEnd().split("\n");
    const parsed = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(parsed).toContainEqual(
      expect.objectContaining({ msg: "model failed", model: "broken" }),
    );
    expect(
      parsed.find(({ msg, model }) => msg === "model ready" && model === "slow"),
    ).toMatchObject({
      slots: 14,
      contextLength: 4096,
    });
    expect(parsed.find(({ msg }) => msg === "ready")).toMatchObject({
      address: expect.stringMatching(/^127\.0\.0\.1:\d+$/) as string,
      models: ["scripted", "slow"],
    });
  });

  it("takes models as arguments, next to those of the flag", async () => {
    const path = (name: string) => join(folder, name);
    const running = serve("--model", path("slow"), "--", path("scripted"));
    await ready(running);
    expect(await running.printed('"msg":"ready"')).toContain('"models":["scripted","slow"]');
  });

  it("tells a person how to try it", async () => {
    const running = serve("--model", join(folder, "scripted"), "--log-format", "pretty");
    const said = await running.printed("GenerateStream\n");
    const address = /is ready on (\S+) after/.exec(said)![1]!;
    expect(said).toContain(`bin/inferd generate --address ${address} "Once upon a time"`);
  });

  it("finishes running calls after SIGTERM, and exits 0", async () => {
    const running = serve("--model", join(folder, "slow"));
    const address = await ready(running);
    const call = start(["generate", "say one; repeat 50 two; say three", "--address", address]);
    await call.printed("one");
    running.child.kill("SIGTERM");
    const { code, out } = await call.ended;
    expect(code).toBe(0);
    expect(out).toMatch(/three\n$/);
    expect(await running.ended).toMatchObject({ code: 0 });
  });

  it("tells a call that outlasts the grace why it ends and when to come back, and exits 0", async () => {
    const running = serve("--model", join(folder, "scripted"), "--grace-ms", "300");
    const call = generating(await ready(running), "say one; wait gate");
    await call.begun;
    running.child.kill("SIGTERM");
    const error = await call.ended;
    expect(error.code).toBe(status.UNAVAILABLE);
    expect(detailsOf(error)).toMatchObject({ reason: "SHUTTING_DOWN", retryMs: 1000 });
    expect(await running.ended).toMatchObject({ code: 0 });
  });

  const anHour = ["--lame-duck-ms", "3600000"];

  it("takes calls for a while after SIGTERM, until a second one", async () => {
    const running = serve("--model", join(folder, "scripted"), ...anHour);
    const address = await ready(running);
    running.child.kill("SIGTERM");
    await running.printed("draining");
    expect(await inferd(["generate", "say one", "--address", address])).toMatchObject({ code: 0 });
    running.child.kill("SIGTERM");
    expect(await running.ended).toMatchObject({ code: 143 });
  });

  it("does not wait for clients to leave when a person presses Ctrl-C", async () => {
    const running = serve("--model", join(folder, "scripted"), ...anHour);
    await ready(running);
    running.child.kill("SIGINT");
    expect(await running.ended).toMatchObject({ code: 0 });
  });

  it("ends at once at a second signal, and the open call fails", async () => {
    const running = serve("--model", join(folder, "scripted"));
    const address = await ready(running);
    const call = start(["generate", "say one; wait gate", "--address", address]);
    await call.printed("one");
    running.child.kill("SIGINT");
    await running.printed("draining");
    running.child.kill("SIGINT");
    expect(await running.ended).toMatchObject({ code: 130 });
    expect(await call.ended).toMatchObject({ code: 1 });
  });

  it("stays up, and says so, where no model loads", async () => {
    const running = serve("--model", join(folder, "broken"));
    await running.printed("no model could be loaded");
    running.child.kill("SIGTERM");
    expect(await running.ended).toMatchObject({ code: 0 });
  });

  it("ends while a model is loading, and complains of none", async () => {
    const options = `{ load_gate: ${join(folder, "never")} }`;
    const manifest = join(folder, "loading.yaml");
    writeFileSync(manifest, `name: l\ntask: generate\nengine: scripted\noptions: ${options}\n`);
    const running = serve("--model", manifest, "--model", join(folder, "scripted"));
    await running.printed("model ready");
    running.child.kill("SIGTERM");
    const { code, err } = await running.ended;
    expect(code).toBe(0);
    expect(err).toContain('"msg":"stopped"');
    expect(err).not.toContain('"level":"error"');
  });

  it.each([
    [["--model", "/nowhere/x.gguf"], /^inferd: .*does not exist\n$/],
    [["/nowhere/my_model.py"], /^inferd: \/nowhere\/my_model.py does not exist\n$/],
    [["--host", "256.0.0.1", "--allow-unauthenticated"], /^inferd: .+\n$/],
  ])("refuses to start with %j, in one line", async (flags, says) => {
    const { code, err } = await serve(...flags).ended;
    expect(code).toBe(1);
    expect(err).toMatch(says);
  });
});

describe("inferd call", () => {
  it("learns the contract from the server, and calls by a short name", async () => {
    const address = await ready(serve("--model", join(folder, "scripted")));
    const { out } = await inferd(["call", "--address", address]);
    expect(out.split("\n")).toContain("inferd.v1.GenerationService/GenerateStream");
    const request = '{"prompt":"say one; say two","sampling":{"max_tokens":2}}';
    const streamed = await inferd(["call", "GenerateStream", request, "--address", address]);
    const events = streamed.out
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as unknown);
    expect(events.at(-1)).toMatchObject({ finish: { reason: expect.any(String) as string } });
    const wrong = await inferd(["call", "Generate", '{"promt":"x"}', "--address", address]);
    expect(wrong).toMatchObject({ code: 2, err: expect.stringContaining('"promt"') as string });
  });
});

describe("inferd models", () => {
  it("lists models as a table and as JSON", async () => {
    const flags = ["models", "list", "--models", folder];
    expect((await inferd(flags)).out).toMatch(
      /^NAME .*\nbroken .*\nscripted .* scripted .*\nslow /,
    );
    const { out } = await inferd([...flags, "--json"]);
    expect(JSON.parse(out)).toMatchObject([
      { name: "broken" },
      { name: "scripted", bytes: 0 },
      { name: "slow" },
    ]);
  });

  it("fails where a file has not the digest that its manifest states", async () => {
    const own = join(folder, "scripted");
    writeFileSync(join(own, "weights"), "changed");
    writeFileSync(
      join(own, "other.yaml"),
      `name: w\ntask: generate\nengine: scripted\nfiles: { model: { path: weights, sha256: ${"a".repeat(64)} } }\n`,
    );
    const { code, out, err } = await inferd([
      "models",
      "verify",
      "--model",
      join(own, "other.yaml"),
    ]);
    expect(code).toBe(1);
    expect(out).toMatch(/^w +model +bad +[0-9a-f]{64}$/m);
    expect(err).toBe("inferd: w: model differs from its manifest's sha256\n");
  });
});
