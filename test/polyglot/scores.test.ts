/** The calls of docs/models.md that rank, classify and give sparse vectors, word for word, on models with random weights. */
import { readFileSync } from "node:fs";
import { delimiter, resolve } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { command } from "../command.ts";
import { blocksOf } from "../documents.ts";
import { type RealServer, startServer } from "../real-server.ts";

let server: RealServer | undefined;

beforeAll(async () => {
  server = await startServer(
    "bin/inferd serve test/fixtures/scorers/bert-1 test/fixtures/scorers/bert-3 test/fixtures/sparse/bert",
  );
}, 60_000);

afterAll(() => server?.stop());

const lines = blocksOf(readFileSync("docs/models.md", "utf8")).flatMap(({ text, test }) =>
  test.kind === "skip" && test.reason.includes("test/polyglot/scores.test.ts")
    ? text.trim().split("\n")
    : [],
);

it("are six", () => expect(lines).toHaveLength(6));

it.each(lines)("%s", async (line) => {
  const path = [resolve(".tools/bin"), resolve("bin"), process.env["PATH"]].join(delimiter);
  const { address } = server!;
  const shown = line.replaceAll("localhost:50051", address);
  const answer = await command("sh", ["-euc", shown], {
    env: { PATH: path, INFERD_ADDRESS: address },
  });
  if (line.includes("mbed")) expect(answer).toMatch(/"indices": \[|^\{"\d+":[\d.]+,/);
  else expect(answer).toMatch(line.includes("lassify") ? /LABEL_[012]/ : /a cat on a mat|"score"/);
});
