/**
 * Records what llama.cpp's own server writes at temperature zero, for test/models/llama-oracle.test.ts.
 *
 *   node tools/record-oracle.ts PATH/TO/llama-server [MODEL]
 *
 * For each token it keeps how far ahead the likeliest was: where two were nearly equal, another build
 * of the same library may choose the other.
 */
import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import type { ChatMessage } from "../src/engines/engine.ts";

const maxTokens = 64;
const prompts = [
  "Once upon a time",
  "One day, a boy named Tom",
  "The old dog was very",
  "Lucy opened the door and",
  "It was raining, so",
  "Anna had a red ball.",
  '"Where are you going?" asked',
  "naïve café 🙂 — über",
];
const chats: readonly (readonly ChatMessage[])[] = [
  [{ role: "user", content: "What can you do?" }],
  [{ role: "user", content: "  Tell me a story about a cat.  " }],
  [
    { role: "system", content: "Answer in one sentence." },
    { role: "user", content: "Hello" },
    { role: "assistant", content: "Hello! How can I help?" },
    { role: "user", content: "How do I start the server?" },
  ],
];

interface Completion {
  readonly content: string;
  readonly tokens: readonly number[];
  readonly completion_probabilities: readonly {
    readonly top_logprobs: readonly { readonly logprob: number }[];
  }[];
}

const [binary, model = "models/inferd-demo/model.gguf"] = process.argv.slice(2);
if (binary === undefined) throw new Error("name the llama-server to record");

const port = await freePort();
const url = `http://127.0.0.1:${port}`;
const flags = ["--port", String(port), "--threads", "1", "--parallel", "1", "--jinja"];
const server = spawn(binary, ["--model", model, ...flags], { stdio: "ignore" });
try {
  await ready();
  const completions = [];
  for (const prompt of prompts) completions.push({ prompt, ...(await complete(prompt)) });
  const answers = [];
  for (const messages of chats) {
    const { prompt } = await post<{ prompt: string }>("/apply-template", { messages });
    answers.push({ messages, ...(await complete(prompt)) });
  }
  const sha256 = createHash("sha256").update(readFileSync(model)).digest("hex");
  const { stdout, stderr } = spawnSync(binary, ["--version"], { encoding: "utf8" });
  const recorded = {
    oracle: `llama-server ${/version: (.*)/.exec(stdout + stderr)?.[1] ?? ""}`.trim(),
    sha256,
    maxTokens,
    completions,
    chats: answers,
  };
  writeFileSync("test/fixtures/llama-oracle.json", `${JSON.stringify(recorded)}\n`);
} finally {
  server.kill();
  await once(server, "exit");
}

async function complete(prompt: string) {
  const { content, tokens, completion_probabilities } = await post<Completion>("/completion", {
    prompt,
    temperature: 0,
    n_predict: maxTokens,
    cache_prompt: false,
    return_token_ids: true,
    n_probs: 2,
  });
  const margins = completion_probabilities.map(({ top_logprobs: [first, second] }) =>
    Number(((first?.logprob ?? 0) - (second?.logprob ?? -100)).toFixed(3)),
  );
  return { text: content, tokens, margins };
}

async function post<T>(path: string, body: object): Promise<T> {
  const response = await fetch(url + path, { method: "POST", body: JSON.stringify(body) });
  if (!response.ok) throw new Error(`${path} answered ${response.status}`);
  // The server's own JSON, as its README states it.
  return (await response.json()) as T;
}

async function ready(): Promise<void> {
  for (let attempt = 0; attempt < 300; attempt += 1) {
    const response = await fetch(`${url}/health`).catch(() => undefined);
    if (response?.ok === true) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error("llama-server did not become ready");
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const address = probe.address();
  probe.close();
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}
