import { expect, it } from "vitest";
import { bodyOf, type LlamaServerOptions } from "../../../bench/peers/llama-server.ts";

function body(options: Pick<LlamaServerOptions, "cachePrompt">): unknown {
  const prompt = { kind: "tokens", ids: [7, 8] } as const;
  return JSON.parse(bodyOf({ prompt, newTokens: 3, seed: 1 }, { temperature: 0.8, ...options }));
}

it("lets llama-server go on from earlier prompts only where that is asked for", () => {
  expect(body({})).toMatchObject({ prompt: [7, 8], n_predict: 3, cache_prompt: false });
  expect(body({ cachePrompt: true })).toMatchObject({ cache_prompt: true });
});
