/** Opens a model's chat template: checks whether it can be used, what it can do, and which control tokens it writes. */
import { formatNamed, formatOf } from "../chat-format/index.ts";
import type { ChatFormat, TemplateProbe } from "../chat-format/format.ts";
import type { ChatInput, ChatMessage, EngineHost } from "../engine.ts";
import { readable } from "./chat-fallback.ts";
import type { CallStyle } from "./chat-values.ts";
import { ControlTokens } from "./control-tokens.ts";
import { literalsOf } from "./jinja/literals.ts";
import { TemplateFault } from "./jinja/index.ts";
import type { ChatReader } from "./prompt.ts";
import { abilitiesOf, callsTrial, defaultStyle, probeOf, restAfter } from "./template-abilities.ts";
import type { Render, TemplateAbilities } from "./template-abilities.ts";
import { layOutWith, readTemplate } from "./template.ts";
import type { TextPart } from "./marks.ts";
import type { ChatTemplate, LayOut, TemplateOptions } from "./template.ts";
import type { Tokenizer } from "./tokenizer.ts";

/** A usable chat template, or why there is none. */
export type OpenedChat =
  | { readonly reader: ChatReader; readonly fault?: undefined }
  | { readonly reader?: undefined; readonly fault: string };

export interface ChatOptions {
  readonly tokenizer: Tokenizer;
  readonly tokens: TemplateOptions["tokens"];
  readonly now: EngineHost["now"];
  readonly today: () => Date;
  /** Stated by the manifest; undefined to find it from the template. */
  readonly format?: ChatFormat | undefined;
}

/** Time limit of the first rendering, while no client waits: the machine can be busy. */
const firstLayOutMs = 30_000;

const say = (role: ChatMessage["role"], content: string): ChatMessage => ({ role, content });
/** A template can be written for only one of them. */
const trials: readonly (readonly ChatMessage[])[] = [
  [say("user", "Hello")],
  [say("system", "Be brief."), say("user", "Hello")],
  [say("user", "Hello"), say("assistant", "Hi"), say("user", "Bye")],
];

export function openChat(source: string, options: ChatOptions): OpenedChat {
  const { tokenizer, now } = options;
  try {
    const template = readTemplate(source);
    const bare = (style: CallStyle): LayOut =>
      layOutWith(template, { ...options, style, controls: new ControlTokens([]) });
    const written = trials.map((trial) => laidOut(bare(defaultStyle), trial, options));
    const fault = written.find(({ fault }) => fault !== undefined)?.fault;
    if (fault !== undefined && written.every((one) => one.fault !== undefined)) return { fault };
    const render = renderWith(bare, now);
    const abilities = abilitiesOf(render);
    const { style } = abilities;
    const format = options.format ?? formatFor(probeOf(source, render, style), abilities);
    const texts = [...written.map(({ text }) => text), callsTrial(render, style)];
    const markers = markersOf(template, tokenizer, texts.join("\n"));
    const controls = new ControlTokens([...tokenizer.controls, ...markers]);
    const layOut = layOutWith(template, { ...options, style, controls });
    const plain = bare(style);
    return {
      reader: {
        tokenizer,
        format,
        layOut: (chat, how) => layOut(readable(chat, abilities, format), how),
        prompted: (chat, until) => prompted(plain, readable(chat, abilities, format), until),
        controls,
        markers: new ControlTokens(markers),
        now,
      },
    };
  } catch (thrown) {
    return { fault: faultOf(thrown) };
  }
}

/** What the template has no place for, the format must have a text for. */
function formatFor(probe: TemplateProbe, { hasTools, hasCalls }: TemplateAbilities): ChatFormat {
  const format = formatOf(probe);
  const isTold = hasTools || format.instructions !== undefined;
  const isWritten = hasCalls || format.callsText !== undefined;
  return isTold && isWritten ? format : (formatNamed("generic") ?? format);
}

const renderWith =
  (layOutFor: (style: CallStyle) => LayOut, now: ChatOptions["now"]): Render =>
  (chat, { style = defaultStyle, generationPrompt = true } = {}) => {
    try {
      const how = { until: now() + firstLayOutMs, generationPrompt };
      return textOf(layOutFor(style)(chat, how));
    } catch {
      return undefined;
    }
  };

const textOf = (parts: readonly TextPart[]): string => parts.map(({ text }) => text).join("");

/** What a prompt ends with for the model to go on: what the template writes behind the messages, or the last of them. */
function prompted(layOut: LayOut, chat: ChatInput, until: number): string {
  const { continueLast, messages, ...rest } = chat;
  const before =
    continueLast === true ? { ...rest, messages: messages.slice(0, -1) } : { ...rest, messages };
  const text = textOf(layOut(chat, { until }));
  try {
    return restAfter(textOf(layOut(before, { until, generationPrompt: false })), text);
  } catch {
    // Some templates refuse a chat without an answer, or without any message.
    return continueLast === true ? (messages.at(-1)?.content ?? "") : "";
  }
}

interface Trial {
  readonly text: string;
  readonly fault: string | undefined;
}

function laidOut(layOut: LayOut, messages: readonly ChatMessage[], { now }: ChatOptions): Trial {
  try {
    return {
      text: textOf(layOut({ messages }, { until: now() + firstLayOutMs })),
      fault: undefined,
    };
  } catch (thrown) {
    const cause = thrown instanceof Error ? thrown.cause : undefined;
    // A template that rejects a chat by its own message works as intended.
    const isRefusal = cause instanceof TemplateFault && cause.name === "Refusal";
    return { text: "", fault: isRefusal ? undefined : faultOf(cause) };
  }
}

function faultOf(thrown: unknown): string {
  const why = thrown instanceof Error ? thrown.message : "unknown";
  return thrown instanceof TemplateFault ? `the chat template fails: ${why}` : why;
}

/**
 * Text that the template writes and that the vocabulary has as one token is a control token, even if the vocabulary
 * types it as user defined. Text that the template searches for in messages, such as the end of reasoning, is not.
 */
function markersOf(
  template: ChatTemplate,
  tokenizer: Tokenizer,
  written: string,
): readonly string[] {
  const { all, soughtFor } = literalsOf(template.body);
  const own = `${all.join("\n")}\n${written}`;
  return tokenizer.userDefined.filter((text) => {
    if (text.trim() === "" || soughtFor.some((literal) => literal.includes(text))) return false;
    return own.includes(text);
  });
}
