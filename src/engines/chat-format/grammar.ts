/** What a completion with calls may be, as a grammar in llguidance's Lark. */
import type { GrammarOptions } from "./format.ts";
import { promptedReasoning, type ReasoningTags } from "./reasoning.ts";
import type { Tool } from "../jobs.ts";

/** How a format writes its calls: the marker, then `first`, a call, more of them after `between` each, and `last`. */
export interface CallsForm {
  /** Left out where the format has none. */
  readonly reasoning?: ReasoningTags | undefined;
  readonly marker: string;
  /** Other markers that text before the calls cannot contain. */
  readonly others?: readonly string[];
  readonly first?: string;
  /** A call of a tool, in Lark. */
  readonly call: (tool: Tool) => string;
  /** Left out where the format writes one call at most. */
  readonly between?: string | undefined;
  readonly last?: string;
  /** An answer without calls, in Lark, where it is more than text: `REST` is text without the markers. */
  readonly answer?: string | undefined;
}

/** A little space, for rules of formats. */
const space = "/[ \\t\\n]{0,4}/";

/**
 * With `auto`, text and then perhaps calls; otherwise calls at once. Reasoning may come before. Undefined where no tool
 * can be called.
 */
export function callsGrammar(options: GrammarOptions, form: CallsForm): string | undefined {
  const { choice } = options;
  const rules = callRules(options, form.call);
  if (rules === undefined) return undefined;
  const isFree = choice.kind === "auto";
  const once = !options.parallel || choice.kind === "named" || form.between === undefined;
  const more = once ? "" : `(${form.between ?? ""} call)*`;
  const body = isFree ? (form.answer === undefined ? free : "(answer | marker calls)") : forced;
  return [
    `start: ${reasoning(options, form.reasoning)} ${body}`,
    `calls: ${form.first ?? ""} call ${more} ${form.last ?? ""}`,
    ...rules,
    `marker: ${options.marker(form.marker)}`,
    ...(isFree ? textRules(options, form) : []),
    ...reasoningRules(options, form.reasoning),
    `space: ${space}`,
  ].join("\n");
}

/** The rule `call`, for the tools that may be called; undefined where none may be. */
export function callRules(
  options: GrammarOptions,
  call: CallsForm["call"],
): readonly string[] | undefined {
  const tools = callable(options);
  if (tools.length === 0) return undefined;
  return [
    `call: ${tools.map((_, index) => `call_${index}`).join(" | ")}`,
    ...tools.map((tool, index) => `call_${index}: ${call(tool)}`),
  ];
}

const free = "(answer | text_marker calls)";
const forced = "space marker calls";

function textRules(options: GrammarOptions, form: CallsForm): readonly string[] {
  const rest = `REST: ${textWithout([form.marker, ...(form.others ?? [])])}`;
  if (form.answer !== undefined) return [rest, `answer: ${form.answer}`];
  return [rest, "answer: REST", textUntil("text_marker", form.marker, options)];
}

/** A text as a literal of Lark. */
export function lark(text: string): string {
  return JSON.stringify(text);
}

/** A call as JSON members of one object, each of text and a rule: name first, then arguments. */
export function jsonCallRule(
  tool: Tool,
  options: GrammarOptions,
  keys = ["name", "arguments"],
): string {
  const [name = "", args = ""] = keys.map((key) => JSON.stringify(key));
  return `${lark(`{${name}: ${JSON.stringify(tool.name)}, ${args}: `)} ${options.json(tool)} "}"`;
}

/** The tools that a choice leaves. */
function callable({ tools, choice }: GrammarOptions): readonly Tool[] {
  if (choice.kind === "none") return [];
  return choice.kind === "named" ? tools.filter(({ name }) => name === choice.name) : tools;
}

function reasoning(options: GrammarOptions, tags: ReasoningTags | undefined): string {
  if (tags === undefined) return "";
  return promptedReasoning(options.prompted, tags) === "none" ? "thinking?" : "thoughts";
}

function reasoningRules(
  options: GrammarOptions,
  tags: ReasoningTags | undefined,
): readonly string[] {
  if (tags === undefined) return [];
  const opened = promptedReasoning(options.prompted, tags) !== "none";
  const alone = tags.closedAlone === true ? `| space ${options.marker(tags.close)}` : "";
  const opens = opened ? [] : [`thinking: space ${options.marker(tags.open)} thoughts ${alone}`];
  return [...opens, textUntil("thoughts", tags.close, options)];
}

/**
 * A rule for text up to and with a marker. A control token alone ends a text. A marker that is spelled is matched
 * with the text before it: otherwise the text would take its beginning.
 */
function textUntil(name: string, marker: string, options: GrammarOptions): string {
  const terminal = options.marker(marker);
  const token = terminal.indexOf("<[");
  if (token < 0) return `${name}[lazy]: /(.|\\n)*${pattern(marker)}/`;
  const text = name.toUpperCase();
  // What is spelled before the token belongs to the text.
  const end = /^"(\S*)" $/.exec(terminal.slice(0, token))?.[1];
  const ends = end === undefined ? textWithout([marker]) : `/(.|\\n)*${pattern(end)}/`;
  return `${name}: ${text} ${terminal.slice(token)}\n${text}: ${ends}`;
}

function textWithout(markers: readonly string[]): string {
  return `/(.|\\n)*/ & ~/(.|\\n)*(${markers.map(pattern).join("|")})(.|\\n)*/`;
}

/** A text as a regular expression that matches it alone. */
export function pattern(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/&~#-]/g, "\\$&").replaceAll("\n", "\\n");
}
