import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { ChatMessage, Engine } from "../../src/engines/engine.ts";
import { complete, jobFor, modelPath, openEngine } from "./llama-engine.ts";

interface Recorded {
  readonly text: string;
  readonly tokens: readonly number[];
  /** How much likelier each token was than the next best, in nats. */
  readonly margins: readonly number[];
}

interface Oracle {
  readonly oracle: string;
  readonly sha256: string;
  readonly maxTokens: number;
  readonly completions: readonly (Recorded & { readonly prompt: string })[];
  readonly chats: readonly (Recorded & { readonly messages: readonly ChatMessage[] })[];
}

/** tools/record-oracle.ts writes it. */
const oracle = JSON.parse(
  readFileSync(`${import.meta.dirname}/../fixtures/llama-oracle.json`, "utf8"),
) as Oracle;

/** Builds for different processors round differently: below this, either token is right. */
const tieNats = 0.05;

let engine: Engine;
beforeAll(async () => {
  engine = await openEngine();
}, 120_000);
afterAll(async () => {
  await engine.close();
});

it("was recorded from the model that the repository ships", () => {
  expect(createHash("sha256").update(readFileSync(modelPath)).digest("hex")).toBe(oracle.sha256);
});

const cases = [
  ...oracle.completions.map((one) => ({
    name: one.prompt,
    input: { kind: "prompt", text: one.prompt } as const,
    recorded: one,
  })),
  ...oracle.chats.map((one) => ({
    name: one.messages.at(-1)!.content,
    input: { kind: "chat", messages: one.messages } as const,
    recorded: one,
  })),
];

it.each(cases)(
  `writes what ${oracle.oracle} writes: $name`,
  { timeout: 120_000 },
  async ({ input, recorded }) => {
    const sampling = { maxTokens: oracle.maxTokens };
    const [one] = await complete(engine, jobFor(input, sampling, { returnTokenIds: true }));
    const different = recorded.tokens.findIndex((token, index) => one!.tokens[index] !== token);
    if (different === -1) expect(one!.text).toBe(recorded.text);
    else expect(recorded.margins[different]).toBeLessThan(tieNats);
  },
);
