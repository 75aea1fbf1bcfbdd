/** The engine in Go that docs/engine-protocol.md points to, built, served, left, and killed. */
import { execFile } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, mkdtempSync, readdirSync, readlinkSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { command } from "../command.ts";
import { type RealServer, startServer } from "../real-server.ts";

const generation = "inferd.v1.GenerationService";
const endless = { prompt: "4000000000", sampling: { max_tokens: 1_000_000 } };

let folder: string;
let server: RealServer | undefined;

beforeAll(async () => {
  // Not where the document's own test builds it, which may run at the same time.
  folder = mkdtempSync(join(tmpdir(), "inferd-"));
  const output = join(folder, "engine");
  await command("go", ["build", "-C", "examples/engine-go", "-o", output, "."], {
    env: { GOPROXY: "off", GOFLAGS: "-mod=mod", GOTOOLCHAIN: "local" },
  });
  copyFileSync("examples/engine-go/model.yaml", join(folder, "model.yaml"));
  // Without it, a fast machine counts to its bound before a caller's time is up.
  server = await startServer(`bin/inferd serve ${folder} --max-tokens 1000000`);
}, 300_000);

afterAll(async () => {
  await server?.stop();
  rmSync(folder, { recursive: true });
});

interface Ended {
  readonly code: number | string | undefined;
  readonly text: string;
}

/** Calls as a person does, by reflection. */
const grpcurl = (method: string, request: object, flags: string[] = []) =>
  run(method, request, flags).ended;

function run(method: string, request: object, flags: string[] = []) {
  const call = ["-plaintext", ...flags, "-d", JSON.stringify(request), server!.address, method];
  const { promise: ended, resolve: end } = Promise.withResolvers<Ended>();
  const options = { maxBuffer: 1 << 28 };
  const child = execFile(resolve(".tools/bin/grpcurl"), call, options, (error, stdout, stderr) => {
    end({ code: error === null ? 0 : (error.code ?? undefined), text: stdout + stderr });
  });
  return { child, ended };
}

const count = (prompt: string) => grpcurl(`${generation}/Generate`, { prompt });

/** The processes of the program that was built. */
const programs = (): number[] =>
  readdirSync("/proc").flatMap((entry) => {
    try {
      return readlinkSync(`/proc/${entry}/exe`).startsWith(join(folder, "engine"))
        ? [Number(entry)]
        : [];
    } catch {
      // No process, or one that has ended.
      return [];
    }
  });

it("streams a piece a number", async () => {
  const { code, text } = await grpcurl(`${generation}/GenerateStream`, { prompt: "3" });
  expect(code).toBe(0);
  const pieces = [...text.matchAll(/"text": "([^"]*)"/g)].map(([, piece]) => piece);
  expect(pieces.join("")).toBe("1 2 3 ");
  expect(text).toContain("FINISH_REASON_STOP");
});

it("embeds many callers' texts, each in its place", async () => {
  const method = "inferd.v1.EmbeddingService/Embed";
  const letters = Array.from("abcdefghijklmnopqrstuvwxyz");
  const answers = await Promise.all(
    letters.map((letter) => grpcurl(method, { inputs: [letter, "Abba"], normalize: false })),
  );
  const vectors = answers.map(({ text }) => {
    const { embeddings } = JSON.parse(text) as { embeddings: { float32: { values: number[] } }[] };
    return embeddings.map(({ float32 }) => float32.values);
  });
  const oneOf = (letter: string) => letters.map((each) => Number(each === letter));
  const abba = letters.map((each) => (each < "c" ? 2 : 0));
  expect(vectors).toEqual(letters.map((letter) => [oneOf(letter), abba]));
});

it("names the field that is wrong", async () => {
  const { code, text } = await count("five");
  expect(code).not.toBe(0);
  expect(text).toContain("InvalidArgument");
  expect(text).toContain("must be a whole number");
});

it("counts no further than its caller allows, in tokens and in time", async () => {
  const few = { prompt: "9", sampling: { max_tokens: 2 } };
  expect((await grpcurl(`${generation}/Generate`, few)).text).toContain('"text": "1 2 "');
  const flags = ["-max-time", "1"];
  const late = await grpcurl(`${generation}/GenerateStream`, endless, flags);
  expect(late.text).toContain("DeadlineExceeded");
  expect((await count("2")).text).toContain('"text": "1 2 "');
});

it("serves others once its callers have left", async () => {
  const calls = Array.from({ length: 16 }, () => run(`${generation}/GenerateStream`, endless));
  // All that it computes at once.
  await Promise.all(calls.map(({ child }) => once(child.stdout!, "data")));
  for (const { child } of calls) child.kill();
  await Promise.all(calls.map(({ ended }) => ended));
  expect((await count("2")).text).toContain('"text": "1 2 "');
}, 60_000);

it("is replaced when it is killed", async () => {
  const [before] = programs();
  expect(before).toBeDefined();
  process.kill(before!, "SIGKILL");
  await expect.poll(() => programs().some((pid) => pid !== before), { timeout: 60_000 }).toBe(true);
  await expect.poll(async () => (await count("2")).text, { timeout: 60_000 }).toContain("1 2 ");
  expect(programs()).not.toContain(before);
}, 150_000);

it("ends with its server", async () => {
  expect(programs()).toHaveLength(1);
  expect(await server!.stop()).toBe("stopped");
  server = undefined;
  await expect.poll(programs).toEqual([]);
});
