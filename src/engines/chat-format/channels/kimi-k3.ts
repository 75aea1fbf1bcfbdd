/** Sections of an answer, as Kimi K3 writes them: reasoning, the answer, and calls. */
import type { ChatFormat, GrammarOptions } from "../format.ts";
import { parserOf, type Reader, type Reading } from "../reader.ts";
import { Spelling } from "../spelling.ts";
import { readSection } from "../tagged/tagged-calls.ts";
import { TaggedRules } from "../tagged/tagged-grammar.ts";
import type { Tags } from "../tagged/tags.ts";
import { offeredCalls } from "./rules.ts";

const separator = "<|sep|>";
const opened = (section: string) => `<|open|>${section}${separator}`;
const closed = (section: string) => `<|close|>${section}${separator}`;

const tags: Tags = {
  call: '<|open|>call tool="',
  nameEnd: '"',
  callOpen: separator,
  callEnd: closed("call"),
  key: '<|open|>argument key="',
  keyEnd: '"',
  value: separator,
  valueEnd: closed("argument"),
  callAttributes: '/ index="[1-9][0-9]{0,3}"/',
  keyAttributes: ({ types: [type = "string", ...others] }) =>
    ` type="${others.length > 0 ? "string" : type}"`,
  textBy: (attributes) => {
    const type = /\stype="(\w+)"/.exec(attributes)?.[1];
    return type === undefined ? undefined : type === "string";
  },
};
const section = { open: opened("tools"), close: closed("tools") };
const ends = [closed("message"), "<|end_of_msg|>"];

export const kimiK3: ChatFormat = {
  name: "kimi-k3",
  markers: ["<|open|>", "<|close|>", separator, "<|end_of_msg|>"],
  matches: ({ calls }) => calls.includes('<|open|>call tool="first"'),
  parser: ({ prompted, tools }) =>
    parserOf(function* (reader) {
      let give = isOpen(prompted, "think") ? reader.reasoning : reader.content;
      for (;;) {
        const next = yield* reader.until(tools.length > 0 ? [...parts, section.open] : parts, give);
        if (next === undefined) return;
        if (ends.includes(next)) return yield* skipped(reader);
        if (next === section.open) {
          reader.keep(next);
          const isCall = yield* readSection(reader, { tags, section }, tools);
          if (!isCall) reader.giveBack();
        }
        give = next === opened("think") ? reader.reasoning : reader.content;
        if (next.startsWith("<|close|>")) yield* spaceOf(reader);
      }
    }),
  grammar: grammarOf,
};

const parts = [opened("think"), closed("think"), opened("response"), closed("response"), ...ends];

/** Space between sections is nothing. */
function* spaceOf(reader: Reader): Reading {
  const space = yield* reader.space();
  if (!(yield* reader.sees("<|open|>", "<|close|>", "<|end_of_msg|>"))) reader.content(space);
}

/** Reads to the end. */
function* skipped(reader: Reader): Reading {
  yield* reader.until([], () => undefined);
}

function isOpen(prompted: string, part: string): boolean {
  return prompted.lastIndexOf(opened(part)) > prompted.lastIndexOf(closed(part));
}

function grammarOf(options: GrammarOptions): string | undefined {
  const spelling = new Spelling(options, kimiK3.markers);
  const tagged = new TaggedRules(tags, options, kimiK3.markers);
  const calls = offeredCalls(
    options,
    (tool) => `${spelling.literal(tags.call)} ${tagged.call(tool)}`,
  );
  if (calls === undefined) return undefined;
  const { prompted } = options;
  const [thoughts, answer] = ["think", "response"].map((part) =>
    isOpen(prompted, part) ? part : `(${spelling.literal(opened(part))} ${part})?`,
  );
  return [
    `start: ${thoughts} ${answer} tools${calls.isRequired ? "" : "?"} end?`,
    `tools: ${spelling.literal(section.open)} call${calls.many ? "+" : ""} ${spelling.literal(section.close)}`,
    `end: ${spelling.literal(closed("message"))}`,
    spelling.until("think", closed("think")),
    spelling.until("response", closed("response")),
    ...calls.rules,
    ...tagged.shared(),
  ].join("\n");
}
