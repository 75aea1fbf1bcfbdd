/** Clients in every language, each built and run as its folder's README says; examples/README.md says what they do. */
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type RealServer, startServer } from "../real-server.ts";
import { RestartedServer } from "./restart.ts";
import { type Example, examples, runRestart, runTour, setUp } from "./tour.ts";

const story =
  "Once upon a time, a little boy named Caleb lived in a village high in the mountains.";
const answer =
  "I am a small demonstration model. I can tell a story, extract fields as JSON, and answer questions about using inferd.";
const stream = "inferd.v1.GenerationService/GenerateStream";
const id = "[0-9a-f]{8}-[0-9a-f-]{27}";

/** A status code as its language spells it: `Deadline Exceeded`, `DEADLINE_EXCEEDED`. */
const code = (...words: string[]): string => words.join("[_ ]?");

/** The lines of a tour, in their order. */
const lines: readonly (string | RegExp)[] = [
  `unary: ${story}`,
  `stream: ${story} (16 tokens)`,
  `chat: ${answer}`,
  // What the model reads from the text is its own affair; that it is a person is not.
  /^schema: [A-Z][A-Za-z ]{0,19} is \d{1,3}$/,
  /^tool: get_weather of [A-Z][A-Za-z ]{0,19}$/,
  "embed: 384 dimensions, similarity 0.67",
  new RegExp(`^deadline: ${code("deadline", "exceeded")}$`, "i"),
  "cancel: after 3 pieces",
  new RegExp(
    `^errors: ${code("invalid", "argument")} FIELD_INVALID; sampling\\.temperature must be .+; sampling\\.top_p must be .+; request ${id}$`,
    "i",
  ),
  "health: SERVING",
  "retry: 8 of 8 served",
];
const notReady = new RegExp(
  `^error: UNAVAILABLE MODEL_NOT_READY; retry after \\d+\\.\\d s; request ${id}$`,
  "im",
);

/** The demonstration model, computing one call after the other and letting few wait. */
const narrow = `name: inferd-demo
task: generate
engine: llama
files:
  model: { path: ${resolve("models/inferd-demo/model.gguf")} }
limits: { max_sequences: 1, max_queued_jobs: 2 }
`;

const titled = examples().map((example) => ({ ...example, title: titleOf(example) }));

function titleOf({ folder, hindrances }: Example): string {
  return hindrances.length === 0 ? folder : `${folder} (skipped: ${hindrances.join(", ")})`;
}

it("runs what every folder of examples/ has", () => {
  const folders = readdirSync("examples", { withFileTypes: true }).filter((e) => e.isDirectory());
  // Models of one's own, not clients.
  const models = ["custom-engine", "engine-go", "python-engines", "python-function"];
  const languages = folders.map(({ name }) => name).filter((name) => !models.includes(name));
  expect(titled.map(({ folder }) => basename(folder))).toEqual(languages.sort());
});

for (const example of titled) {
  describe.skipIf(example.hindrances.length > 0)(example.title, () => {
    let folder: string | undefined;
    let server: RealServer | undefined;
    let restarted: RestartedServer | undefined;

    beforeAll(async () => {
      await setUp(example);
      folder = mkdtempSync(join(tmpdir(), "inferd-"));
      writeFileSync(join(folder, "demo.yaml"), narrow);
      const models = `--model ${join(folder, "demo.yaml")} --model models/all-minilm-l6-v2`;
      server = await startServer(`bin/inferd serve ${models}`);
      restarted = await RestartedServer.start("inferd-demo");
    }, 900_000);

    afterAll(async () => {
      await server?.stop();
      await restarted?.stop();
      if (folder !== undefined) rmSync(folder, { recursive: true });
    });

    describe.each(example.tours)("%s", (tour) => {
      it("does each thing", { timeout: 120_000 }, async () => {
        const begin = server!.log().length;
        const ended = await runTour(example.folder, tour, server!.address);
        expect(ended).toMatchObject({ code: 0, stderr: "" });
        const said = ended.stdout.trimEnd().split("\n");
        expect(said).toHaveLength(lines.length);
        for (const [at, line] of lines.entries()) {
          if (typeof line === "string") expect(said[at]).toBe(line);
          else expect(said[at]).toMatch(line);
        }
        // What the program says of itself, seen from the other side.
        const calls = server!.log().slice(begin);
        expect(calls).toContainEqual(
          expect.objectContaining({ method: stream, code: "CANCELLED", reason: "CALLER_GONE" }),
        );
        expect(calls).toContainEqual(
          expect.objectContaining({ code: "RESOURCE_EXHAUSTED", reason: "QUEUE_FULL" }),
        );
      });

      it("fails no call while its server is restarted", { timeout: 120_000 }, async () => {
        const { ended, before, after } = await runRestart(example.folder, tour, restarted!);
        expect(ended).toMatchObject({ code: 0, stderr: "" });
        const [, calls, failed] = /^restart: (\d+) calls, (\d+) failed\n$/.exec(ended.stdout) ?? [];
        expect(failed, ended.stdout).toBe("0");
        expect(Number(calls)).toBeGreaterThanOrEqual(before + after);
      });

      it("says why it ends, and when to come again", { timeout: 120_000 }, async () => {
        const { address } = restarted!.server;
        await restarted!.restart(async () => {
          const ended = await runTour(example.folder, tour, address);
          expect(ended.code).toBe(1);
          expect(ended.stderr).toMatch(notReady);
        });
      });
    });
  });
}
