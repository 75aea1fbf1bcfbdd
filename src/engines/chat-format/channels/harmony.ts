/**
 * Messages with a header, as gpt-oss writes them: `<|channel|>analysis` is reasoning, `to=functions.name` a call, and
 * any other text an answer. A message to another recipient is a tool's that was not offered, and is left out.
 */
import type { ChatFormat, GrammarOptions } from "../format.ts";
import { jsonArguments } from "../json-call.ts";
import { parserOf, type Reader, type Reading } from "../reader.ts";
import { Spelling } from "../spelling.ts";
import { offeredCalls } from "./rules.ts";

const begin = "<|start|>";
const channel = "<|channel|>";
const message = "<|message|>";
const ends = ["<|end|>", "<|call|>", "<|return|>"];

export const harmony: ChatFormat = {
  name: "harmony",
  markers: [begin, channel, message, "<|constrain|>", ...ends],
  matches: ({ calls, source }) =>
    calls.includes("to=functions.first") || source.includes("<|channel|>analysis"),
  parser: ({ prompted, tools }) =>
    parserOf(function* (reader) {
      let { header, isOpen } = promptedHeader(prompted);
      while ((yield* reader.peek()) !== undefined) {
        if (!isOpen) {
          const read: string[] = [];
          const end = yield* reader.until([message], (text) => read.push(text));
          header += read.join("");
          if (end === undefined) {
            reader.content(isHeader(header) ? "" : read.join(""));
            return;
          }
        }
        yield* readBody(reader, header, tools.length > 0);
        header = "";
        isOpen = false;
      }
    }),
  grammar: grammarOf,
};

/** The header that the prompt has begun, and whether it is whole. */
function promptedHeader(prompted: string): { header: string; isOpen: boolean } {
  const from = prompted.lastIndexOf(begin);
  const last = from < 0 ? "" : prompted.slice(from);
  const end = last.lastIndexOf(message);
  if (end < 0 || ends.some((one) => last.includes(one, end))) return { header: "", isOpen: false };
  return { header: last.slice(0, end), isOpen: true };
}

function isHeader(text: string): boolean {
  return text.startsWith("<|") || /^\s*to=/.test(text);
}

function* readBody(reader: Reader, header: string, withCalls: boolean): Reading {
  const recipient = /(?:^|\s)to=([^\s<]+)/.exec(header)?.[1];
  const name = /^functions\.(.+)$/.exec(recipient ?? "")?.[1];
  if (name !== undefined && withCalls) return yield* readCall(reader, name);
  const isOurs = recipient === undefined || recipient === "assistant" || recipient === "user";
  const kind = /<\|channel\|>\s*(\w+)[^|]*$/.exec(header)?.[1];
  const give = kind === "analysis" ? reader.reasoning : reader.content;
  yield* reader.until(ends, isOurs ? give : () => undefined, [begin]);
}

function* readCall(reader: Reader, name: string): Reading {
  reader.call(name);
  yield* reader.space();
  if (yield* reader.sees("{")) yield* jsonArguments(reader, reader.arguments);
  yield* reader.until(ends, () => undefined, [begin]);
}

/** A message goes on where the prompt has opened one. A call ends the completion. */
function grammarOf(options: GrammarOptions): string | undefined {
  const spelling = new Spelling(options, harmony.markers);
  const spelled = (text: string) => spelling.literal(text);
  const calls = offeredCalls(options, (tool) => {
    const recipient = ` to=functions.${tool.name}`;
    const heads = [
      `${recipient}${channel}commentary json${message}`,
      `${recipient}${channel}commentary <|constrain|>json${message}`,
      `${channel}commentary${recipient} <|constrain|>json${message}`,
    ].map(spelled);
    return `(${heads.join(" | ")}) ${options.json(tool)}`;
  });
  if (calls === undefined) return undefined;
  const final = `${spelled(`${channel}final${message}`)} TEXT`;
  const { header, isOpen } = promptedHeader(options.prompted);
  const isFinal = header.includes(`${channel}final`);
  return [
    `start: ${isOpen ? `body ${isFinal && !calls.isRequired ? "| TEXT" : ""}` : "messages"}`,
    `body: text ${spelled("<|start|>assistant")} messages`,
    `messages: other* (call ${calls.isRequired ? "" : "| final"})`,
    `other: ${spelled(channel)} ("analysis" | "commentary") ${spelled(message)} text ${spelled("<|start|>assistant")}`,
    `final: ${final}`,
    "TEXT: /(.|\\n)*/",
    spelling.until("text", "<|end|>"),
    ...calls.rules,
  ].join("\n");
}
