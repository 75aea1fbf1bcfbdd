/**
 * Lays out a chat by a model's Jinja template, so that what a message says can never act as a control
 * token. The template sees the real messages, as many of them look inside or trim; only the texts of
 * control tokens are hidden from it behind marks that no caller can guess, and parts of them where
 * what the template puts beside a message, or takes out of it, would make a whole. The laid-out text is then read piecewise:
 * the template's parts with control tokens, the hidden parts without.
 */
import { randomInt } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import { createContext, Script } from "node:vm";
import { Template } from "@huggingface/jinja";
import { ServeError } from "../../base/errors.ts";
import type { ChatMessage } from "../engine.ts";
import { Controls, type Rewrite } from "./controls.ts";

/** What a template may take from the vocabulary. */
export interface TemplateTokens {
  readonly bos: string;
  readonly eos: string;
  readonly controls: readonly string[];
}

/** A stretch of laid-out text. */
export interface TextPart {
  readonly text: string;
  /** Whether control tokens in it are meant. */
  readonly trusted: boolean;
}

export type LayOut = (messages: readonly ChatMessage[]) => readonly TextPart[];

const maxTemplateLength = 262_144;
/** For one chat, however often it is laid out. */
const maxLayOutMs = 1_000;
// What a template may write beside what it repeats of the messages, a few times over.
const maxOwnLength = 1_048_576;
const mostRepeats = 4;

/** Compiles a template. Throws a plain Error for one that cannot be. `now` is a monotonic clock, in milliseconds. */
export function compileTemplate(
  source: string,
  tokens: TemplateTokens,
  now: () => number = () => performance.now(),
): LayOut {
  if (source.length > maxTemplateLength) {
    throw new Error(`the chat template is longer than ${maxTemplateLength} characters`);
  }
  const template = parse(source);
  const render = bounded((values: Record<string, unknown>) => template.render(values));
  const controls = new Controls(tokens.controls);
  const layOut = (messages: readonly ChatMessage[], until: number, hideIn: HideIn) => {
    const hidden: string[] = [];
    // Digits only, so that a template that changes case does no harm.
    const nonce = String(randomInt(2 ** 47));
    const hide = (text: string) => `\uE000${nonce}:${hidden.push(text) - 1}\uE001`;
    const values = {
      messages: messages.map(({ role, content }) => ({ role, content: hideIn(content, hide) })),
      add_generation_prompt: true,
      bos_token: tokens.bos,
      eos_token: tokens.eos,
    };
    let text: string;
    try {
      text = render(values, until - now());
    } catch (thrown) {
      throw refusal(thrown, source);
    }
    // Its length is known before its characters are: a template can double a text at no cost.
    const given = values.messages.reduce((sum, { content }) => sum + content.length, 0);
    if (text.length > maxOwnLength + mostRepeats * given) throw refusal(undefined, source);
    return split(text, nonce, hidden);
  };
  const whole: HideIn = (text, hide) => controls.rewrite(text, hide);
  const wholeAndEdges: HideIn = (text, hide) => controls.rewriteEdges(whole(text, hide), hide);
  const bounds: HideIn = (text, hide) => controls.rewriteBounds(text, hide);
  const hasEdges = ({ content }: ChatMessage) =>
    controls.rewriteEdges(content, () => "") !== content;
  const hasBounds = ({ content }: ChatMessage) => controls.hasBounds(content);
  return (messages) => {
    const until = now() + maxLayOutMs;
    // What could be part of a control token is hidden only where it would become one: it is read piecewise
    // then, in other tokens than the same text elsewhere.
    let parts = layOut(messages, until, whole);
    const hideMore = (hideIn: HideIn): void => {
      const careful = layOut(messages, until, hideIn);
      if (!isDeepStrictEqual(trustedIn(parts, controls), trustedIn(careful, controls))) {
        parts = careful;
      }
    };
    if (messages.some(hasEdges)) hideMore(wholeAndEdges);
    if (messages.some(hasBounds)) hideMore(bounds);
    return parts;
  };
}

/** Hides pieces of a message. */
type HideIn = (text: string, hide: Rewrite) => string;

/** The control tokens that a laid-out chat is read with. */
function trustedIn(parts: readonly TextPart[], controls: Controls): readonly string[] {
  return parts.flatMap(({ text, trusted }) => (trusted ? controls.in(text) : []));
}

function parse(source: string): Template {
  try {
    return new Template(source);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : "unknown";
    throw new Error(`the chat template cannot be parsed: ${why}`, { cause });
  }
}

function split(text: string, nonce: string, hidden: readonly string[]): readonly TextPart[] {
  // The pattern's group makes every second part a mark's number.
  const parts = text.split(new RegExp(`\uE000${nonce}:(\\d+)\uE001`));
  return parts
    .map((part, index): TextPart => {
      if (index % 2 === 0) return { text: part, trusted: true };
      return { text: hidden[Number(part)] ?? "", trusted: false };
    })
    .filter((part) => part.text !== "");
}

/**
 * Stops a template that loops: V8 ends a script at its time limit, with all that it called. Nothing
 * is confined by this; a template can reach no more than its values either way.
 */
function bounded<V, R>(render: (values: V) => R): (values: V, ms: number) => R {
  const scope: { render: (values: V) => R; values: V | undefined } = { render, values: undefined };
  const context = createContext(scope);
  const script = new Script("render(values)");
  return (values, ms) => {
    // V8 takes whole milliseconds, and none for no limit at all.
    if (ms < 1) throw new Error("there is no time left");
    scope.values = values;
    try {
      // The script's value is what `render` returned.
      return script.runInContext(context, { timeout: Math.floor(ms) }) as R;
    } finally {
      scope.values = undefined;
    }
  };
}

/** A template may refuse messages by `raise_exception`; its words are shown if they are its own. */
function refusal(thrown: unknown, source: string): ServeError {
  const said = thrown instanceof Error ? thrown.message : "";
  const own = said !== "" && said.length < 200 && source.includes(said);
  const description = own
    ? `the model's chat template refuses them: ${said}`
    : "the model's chat template refuses them";
  return new ServeError("FIELD_INVALID", `chat.messages: ${description}`, {
    violations: [{ field: "chat.messages", reason: "UNSUPPORTED", description }],
    cause: thrown,
  });
}
