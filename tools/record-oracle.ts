/**
 * Records what llama.cpp's own code writes at temperature zero, for test/models/llama-oracle.test.ts: its tokenizer, its
 * chat templates and its decoding, by tools/record-oracle.cpp.
 *
 *   node tools/record-oracle.ts [MODEL]
 *
 * It needs a C++ compiler, and llama.cpp's source for the headers, which bench/peers/fetch-llama brings. For each token it
 * keeps how far ahead the likeliest was: where two were nearly equal, another build of the same library may choose the
 * other.
 */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { findLibrary } from "../src/engines/llama/location.ts";
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
  readonly text: string;
  readonly tokens: readonly number[];
  readonly margins: readonly number[];
}
/** What the npm package says of its own build. */
interface Built {
  readonly buildOptions: { readonly llamaCpp: { readonly release: string } };
}

const model = resolve(process.argv[2] ?? "models/inferd-demo/model.gguf");
const { directory, llama, ggml, ggmlBase } = findLibrary(undefined);
const source = execFileSync(join(import.meta.dirname, "../bench/peers/fetch-llama"), {
  encoding: "utf8",
}).trim();
const folder = mkdtempSync(join(tmpdir(), "oracle-"));
try {
  const program = join(folder, "oracle");
  const includes = ["include", "common", "ggml/include", "vendor"].map(
    (name) => `-I${source}/${name}`,
  );
  const libraries = [join(directory, "libllama-common.so"), llama, ggml, ggmlBase];
  execFileSync("g++", [
    ...["-std=c++17", ...includes, "tools/record-oracle.cpp", "-o", program, ...libraries],
  ]);
  const asked = [
    ...prompts.map((prompt) => ({ prompt })),
    ...chats.map((messages) => ({ messages })),
  ];
  const input = asked.map((one) => `${JSON.stringify({ ...one, limit: maxTokens })}\n`).join("");
  // The library finds the code for this CPU in the working folder.
  const written = execFileSync(program, [model], {
    input,
    encoding: "utf8",
    cwd: directory,
    env: { ...process.env, LD_LIBRARY_PATH: directory },
  });
  const answers = written.trim().split("\n");
  const recorded = asked.map((one, index) => {
    return { ...one, ...(JSON.parse(answers[index] ?? "") as Completion) };
  });
  const { llamaCpp } = (
    JSON.parse(readFileSync(join(directory, "_nlcBuildMetadata.json"), "utf8")) as Built
  ).buildOptions;
  writeFileSync(
    "test/fixtures/llama-oracle.json",
    `${JSON.stringify({
      oracle: `llama.cpp ${llamaCpp.release}`,
      sha256: createHash("sha256").update(readFileSync(model)).digest("hex"),
      maxTokens,
      completions: recorded.slice(0, prompts.length),
      chats: recorded.slice(prompts.length),
    })}\n`,
  );
} finally {
  rmSync(folder, { recursive: true });
}
