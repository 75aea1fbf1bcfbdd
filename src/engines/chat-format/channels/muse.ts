/** Messages with a recipient, as Muse writes them: reasoning is to itself, answers are to the user, calls to a tool. */
import type { Tool } from "../../jobs.ts";
import type { ChatFormat, GrammarOptions } from "../format.ts";
import { parserOf, type Reader, type Reading } from "../reader.ts";
import { Spelling } from "../spelling.ts";
import { readSection } from "../tagged/tagged-calls.ts";
import { invokeTags } from "../tagged/tagged-formats.ts";
import { TaggedRules } from "../tagged/tagged-grammar.ts";
import { offeredCalls } from "./rules.ts";

const begin = "<|start|>";
const message = "<|message|>";
const ends = ["<|eom|>", "<|eot|>"];
const calls = {
  section: { open: "<atem:function_calls>", close: "</atem:function_calls>" },
  tags: invokeTags("atem:"),
};

export const muse: ChatFormat = {
  name: "muse",
  markers: [begin, message, ...ends],
  matches: (probe) => probe.calls.includes(calls.section.open),
  parser: ({ prompted, tools }) =>
    parserOf(function* (reader) {
      let recipient = promptedRecipient(prompted);
      while ((yield* reader.peek()) !== undefined) {
        if (recipient === undefined) {
          const read: string[] = [];
          const end = yield* reader.until([message], (text) => read.push(text));
          if (end === undefined) {
            reader.content(isHeader(read.join("")) ? "" : read.join(""));
            return;
          }
          recipient = recipientOf(read.join(""));
        }
        yield* readBody(reader, recipient, tools);
        recipient = undefined;
      }
    }),
  grammar: grammarOf,
};

/** Of a message that the prompt has opened; undefined: it has not. */
function promptedRecipient(prompted: string): string | undefined {
  const from = prompted.lastIndexOf(begin);
  const last = from < 0 ? "" : prompted.slice(from);
  const end = last.indexOf(message);
  const isOpen = end >= 0 && ends.every((one) => !last.includes(one));
  return isOpen ? recipientOf(last.slice(0, end)) : undefined;
}

function isHeader(text: string): boolean {
  return text.startsWith(begin) || /^\s*to=/.test(text);
}

function recipientOf(header: string): string {
  return /\sto=([^\s<]+)/.exec(header)?.[1] ?? "user";
}

function* readBody(reader: Reader, recipient: string, tools: readonly Tool[]): Reading {
  const isCall = recipient !== "user" && recipient !== "self" && tools.length > 0;
  if (isCall && (yield* reader.take(calls.section.open)) !== undefined) {
    yield* readSection(reader, calls, tools);
    yield* reader.space();
  }
  yield* reader.until(ends, recipient === "self" ? reader.reasoning : reader.content, [begin]);
}

function grammarOf(options: GrammarOptions): string | undefined {
  const spelling = new Spelling(options, muse.markers);
  const spelled = (text: string) => spelling.literal(text);
  const tagged = new TaggedRules(calls.tags, options, muse.markers);
  const { section, tags } = calls;
  const rules = offeredCalls(options, (tool) => {
    const head = spelled(` to=${tool.name}${message}${section.open}\n${tags.call}`);
    return `${head} ${tagged.call(tool)} ${spelled(`\n${section.close}`)}`;
  });
  if (rules === undefined) return undefined;
  const next = spelled(`${begin}assistant`);
  const opened = promptedRecipient(options.prompted);
  const many = `call (${spelled("<|eom|>")} ${next} call)*`;
  return [
    `start: ${opened === undefined ? "messages" : `text ${next} messages ${rules.isRequired ? "" : "| TEXT"}`}`,
    `messages: other* (${rules.many ? many : "call"} ${rules.isRequired ? "" : "| final"})`,
    `other: (${spelled(` to=self${message}`)} | ${spelled(` to=user${message}`)}) text ${next}`,
    `final: ${spelled(` to=user${message}`)} TEXT`,
    "TEXT: /(.|\\n)*/",
    spelling.until("text", "<|eom|>"),
    ...rules.rules,
    ...tagged.shared(),
  ].join("\n");
}
