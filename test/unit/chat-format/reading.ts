/** Reads completions by a chat format, whole and cut, and walks its grammar. */
import type {
  ChatFormat,
  GrammarOptions,
  OutputPart,
  ParserOptions,
} from "../../../src/engines/chat-format/format.ts";
import { tokenBytesOf } from "../../../src/engines/constraint/token-bytes.ts";
import { readVocabulary, Vocabulary } from "../../../src/engines/constraint/vocabulary.ts";
import type { Tool } from "../../../src/engines/jobs.ts";

export interface Message {
  readonly content: string;
  readonly reasoning: string;
  readonly calls: readonly Call[];
}

export interface Call {
  readonly name: string;
  readonly arguments: string;
  readonly id?: string;
}

export const cityTool = toolOf("get_time", { city: { type: "string" } });
export const sumTool = toolOf("add.numbers-2", { a: { type: "integer" }, b: { type: "integer" } });
export const bothTools: ParserOptions = { prompted: "", tools: [cityTool, sumTool] };

/** Some templates want descriptions. */
export function toolOf(name: string, types: Readonly<Record<string, object>>): Tool {
  const properties = Object.fromEntries(
    Object.entries(types).map(([key, type]) => [key, { ...type, description: `The ${key}.` }]),
  );
  const parameters = JSON.stringify({
    type: "object",
    properties,
    required: Object.keys(properties),
    additionalProperties: false,
  });
  return { name, description: `Calls ${name}.`, parameters };
}

export function read(
  format: ChatFormat,
  pieces: readonly string[],
  options: ParserOptions,
): Message {
  const parser = format.parser(options);
  return messageOf([...pieces.flatMap((piece) => parser.push(piece)), ...parser.end()]);
}

/** Every way to cut a text in two, and the text in characters, in pairs, and so on. */
export function* cutsOf(text: string): Generator<readonly string[]> {
  for (let at = 0; at <= text.length; at++) yield [text.slice(0, at), text.slice(at)];
  for (const size of [1, 2, 3, 5, 7]) {
    const count = Math.ceil(text.length / size);
    yield Array.from({ length: count }, (_, index) => text.slice(index * size, (index + 1) * size));
  }
}

function messageOf(parts: readonly OutputPart[]): Message {
  const calls: Call[] = [];
  let [content, reasoning] = ["", ""];
  for (const part of parts) {
    if (part.kind === "content") content += part.text;
    else if (part.kind === "reasoning") reasoning += part.text;
    else addTo(calls, part);
  }
  return { content, reasoning, calls };
}

/** The pieces of a call come one after another: the first has its name, and no other has. */
function addTo(calls: Call[], part: OutputPart & { kind: "tool_call" }): void {
  const { call, name, id, arguments: text } = part;
  const isFirst = call === calls.length;
  if (isFirst !== (name !== undefined) || (!isFirst && id !== undefined)) {
    throw new Error(`a call begins wrong: ${JSON.stringify(part)}`);
  }
  if (name !== undefined)
    calls.push({ name, arguments: text, ...(id === undefined ? {} : { id }) });
  else if (call === calls.length - 1) {
    calls[call] = { ...calls[call]!, arguments: calls[call]!.arguments + text };
  } else throw new Error(`a piece of call ${call} comes after another call began`);
}

/** Bytes are tokens, and the markers that come after them. */
let vocabulary: Vocabulary | undefined;
const mostMarkers = 64;
const byteTokens = 256;

export type Walked = "accepted" | "unfinished" | { readonly refusedAfter: string };

/** What a format's grammar says of a text, its markers being control tokens or spelled. */
export function walk(
  format: ChatFormat,
  text: string,
  options: Partial<GrammarOptions> & { readonly spelled?: boolean },
): Walked {
  const isToken = options.spelled !== true;
  const matcher = compiled(grammarOf(format, options, isToken));
  let done = "";
  for (const { token, shown } of tokensOf(text, isToken ? format.markers : [])) {
    if (!matcher.check(token)) return { refusedAfter: done };
    matcher.consume(token);
    done += shown;
  }
  return matcher.accepting ? "accepted" : "unfinished";
}

function grammarOf(
  format: ChatFormat,
  options: Partial<GrammarOptions>,
  isToken: boolean,
): string | undefined {
  return format.grammar({
    tools: bothTools.tools,
    choice: { kind: "auto" },
    parallel: true,
    prompted: "",
    json: ({ parameters }) => `%json ${parameters}`,
    marker: (marker) => {
      const index = format.markers.indexOf(marker);
      return isToken && index >= 0 ? `<[${byteTokens + index}]>` : JSON.stringify(marker);
    },
    ...options,
  });
}

function compiled(grammar: string | undefined) {
  if (grammar === undefined) throw new Error("the format has no grammar");
  const bytesOf = (token: number) => (token < byteTokens ? Uint8Array.of(token) : new Uint8Array());
  const tokens = tokenBytesOf({ size: byteTokens + mostMarkers, bytesOf });
  vocabulary ??= new Vocabulary(readVocabulary(tokens), tokens);
  return vocabulary.compile({ kind: "lark", text: grammar }).clone();
}

function* tokensOf(text: string, markers: readonly string[]) {
  for (let at = 0; at < text.length;) {
    const marker = markers
      .filter((one) => text.startsWith(one, at))
      .toSorted((a, b) => b.length - a.length)[0];
    const shown = marker ?? String.fromCodePoint(text.codePointAt(at) ?? 0);
    at += shown.length;
    if (marker !== undefined) yield { token: byteTokens + markers.indexOf(marker), shown };
    else for (const byte of Buffer.from(shown)) yield { token: byte, shown: "" };
  }
}
