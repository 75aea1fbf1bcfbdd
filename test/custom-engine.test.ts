import { afterAll, beforeAll, expect, it } from "vitest";
import { keyPhrases } from "../examples/custom-engine/key-phrases.ts";
import { command } from "./command.ts";
import { type RealServer, startServer } from "./real-server.ts";

const text = "The lighthouse keeper climbed the spiral stairs and lit the great lamp.";
const phrases = ["lighthouse keeper climbed", "spiral stairs", "great lamp", "lit"];

let server: RealServer | undefined;
const generate = (...flags: string[]) =>
  command("bin/inferd", ["generate", "--address", server!.address, text, ...flags]);

beforeAll(async () => {
  server = await startServer("bin/inferd serve --model examples/custom-engine");
});

afterAll(() => server?.stop());

it("finds the phrases whose words keep the most company first", () => {
  expect(keyPhrases(text)).toEqual(phrases);
});

it.each([
  ["nothing", ""],
  ["stop words only", "It is what it is."],
])("finds no phrase in %s", (_what, empty) => {
  expect(keyPhrases(empty)).toEqual([]);
});

it("serves a function of one's own", async () => {
  expect((await generate()).trimEnd().split("\n")).toEqual(phrases);
});

it("keeps the caller's limits around it", async () => {
  expect((await generate("--max-tokens", "2")).trimEnd().split("\n")).toEqual(phrases.slice(0, 2));
  expect((await generate("--stop", "stairs")).trimEnd()).toBe(`${phrases[0]!}\nspiral`);
});
