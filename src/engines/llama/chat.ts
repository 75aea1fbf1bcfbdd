/** Opens a model's chat template: checks whether it can be used, and which control tokens it writes. */
import type { ChatMessage, EngineHost } from "../engine.ts";
import { ControlTokens } from "./control-tokens.ts";
import { literalsOf } from "./jinja/literals.ts";
import { TemplateFault } from "./jinja/index.ts";
import type { ChatReader } from "./prompt.ts";
import { layOutWith, readTemplate } from "./template.ts";
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
  const { tokenizer } = options;
  try {
    const template = readTemplate(source);
    const bare = layOutWith(template, { ...options, controls: new ControlTokens([]) });
    const written = trials.map((trial) => laidOut(bare, trial, options));
    const fault = written.find(({ fault }) => fault !== undefined)?.fault;
    if (fault !== undefined && written.every((one) => one.fault !== undefined)) return { fault };
    const markers = markersOf(template, tokenizer, written.map(({ text }) => text).join("\n"));
    const controls = new ControlTokens([...tokenizer.controls, ...markers]);
    const layOut = layOutWith(template, { ...options, controls });
    return {
      reader: {
        tokenizer,
        layOut,
        controls,
        markers: new ControlTokens(markers),
        now: options.now,
      },
    };
  } catch (thrown) {
    return { fault: faultOf(thrown) };
  }
}

interface Trial {
  readonly text: string;
  readonly fault: string | undefined;
}

function laidOut(layOut: LayOut, messages: readonly ChatMessage[], { now }: ChatOptions): Trial {
  try {
    const parts = layOut(messages, { until: now() + firstLayOutMs });
    return { text: parts.map(({ text }) => text).join(""), fault: undefined };
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
