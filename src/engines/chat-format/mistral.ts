/**
 * `[TOOL_CALLS]` with a list of JSON objects, or with a name, perhaps `[CALL_ID]`, and `[ARGS]`, as Mistral's models
 * write it; reasoning between `[THINK]` and `[/THINK]`.
 */
import { readCalls } from "./calls.ts";
import type { ChatFormat, GrammarOptions, TemplateProbe } from "./format.ts";
import { callsGrammar, jsonCallRule, lark } from "./grammar.ts";
import { jsonArguments, usualKeys } from "./json-call.ts";
import { readList } from "./json-list.ts";
import { parserOf, type Reader, type Reading } from "./reader.ts";
import { readReasoning, type ReasoningTags } from "./reasoning.ts";
import type { Tool } from "../jobs.ts";

const open = "[TOOL_CALLS]";
const callId = "[CALL_ID]";
const args = "[ARGS]";
const reasoning: ReasoningTags = { open: "[THINK]", close: "[/THINK]" };
/** The ids that its templates take: letters and digits. */
const id = "/[a-zA-Z0-9]{9}/";

function format(
  name: string,
  matches: (probe: TemplateProbe) => boolean,
  grammar: (options: GrammarOptions) => string | undefined,
): ChatFormat {
  return {
    name,
    markers: [open, callId, args, reasoning.open, reasoning.close],
    matches,
    parser: ({ prompted, tools }) =>
      parserOf(function* (reader) {
        yield* readReasoning(reader, prompted, reasoning);
        if (tools.length > 0) yield* readCalls(reader, { markers: [open], read });
      }),
    grammar,
  };
}

/** Its first form: a list. */
export const mistralList = format(
  "mistral-list",
  ({ source }) => source.includes(open) && !source.includes(args),
  (options) =>
    callsGrammar(options, {
      reasoning,
      marker: open,
      first: lark("["),
      call: (tool) => `${jsonMembers(tool, options)} ${lark(', "id": "')} ${id} ${lark('"}')}`,
      between: lark(", "),
      last: lark("]"),
    }),
);

/** Its second form: a call after each marker. Its members are one file's, as the parser reads both. */
export const mistral = format(
  "mistral",
  ({ source }) => source.includes(open) && source.includes(args),
  (options) =>
    callsGrammar(options, {
      reasoning,
      marker: open,
      call: (tool) =>
        `${lark(tool.name)} (${options.marker(callId)} ${id})? ${options.marker(args)} ${options.json(tool)}`,
      between: options.marker(open),
    }),
);

const jsonMembers = (tool: Tool, options: GrammarOptions): string =>
  jsonCallRule(tool, options).replace(/ "}"$/, "");

function* read(reader: Reader): Reading<boolean> {
  yield* reader.space();
  if (yield* reader.sees("[", "{")) {
    return yield* readList(reader, { ...usualKeys, id: ["id"] }, []);
  }
  const name = yield* reader.text((give) => reader.while(/[\w.-]/, give));
  if (name === "") return false;
  return yield* readNamed(reader, name);
}

function* readNamed(reader: Reader, name: string): Reading<boolean> {
  yield* reader.space();
  const hasId = (yield* reader.take(callId)) !== undefined;
  const id = hasId ? yield* reader.text((give) => reader.while(/[\w-]/, give)) : undefined;
  const hasArguments = (yield* reader.take(args)) !== undefined;
  yield* reader.space();
  if (!hasArguments && !(yield* reader.sees("{"))) return false;
  reader.call(name, id);
  yield* jsonArguments(reader, reader.arguments);
  return true;
}
