/** Reasoning that stands before the answer, between two tags. */
import type { Give, Reader, Reading } from "./reader.ts";

export interface ReasoningTags {
  readonly open: string;
  readonly close: string;
  /** Whether a turn without reasoning may begin with the closing tag. */
  readonly closedAlone?: boolean;
}

/** Those of most models. */
export const thinkTags: ReasoningTags = { open: "<think>", close: "</think>" };

/** What a prompt has opened: nothing, reasoning that begins, or reasoning that is continued. */
export type PromptedReasoning = "none" | "begun" | "continued";

export function promptedReasoning(prompted: string, tags: ReasoningTags): PromptedReasoning {
  const open = prompted.lastIndexOf(tags.open);
  if (open < 0 || open < prompted.lastIndexOf(tags.close)) return "none";
  return prompted.slice(open + tags.open.length).trim() === "" ? "begun" : "continued";
}

/**
 * Reads reasoning where the prompt or the completion opens it. The space next to its tags is theirs. Some models call a
 * tool without closing it: it also ends before one of `before`.
 */
export function* readReasoning(
  reader: Reader,
  prompted: string,
  tags: ReasoningTags | readonly ReasoningTags[] = thinkTags,
  before: readonly string[] = [],
): Reading {
  const all = [tags].flat();
  const inPrompt = all.find((one) => promptedReasoning(prompted, one) !== "none");
  const opened = inPrompt ?? (yield* takeOpen(reader, all));
  if (opened === undefined) return;
  if (promptedReasoning(prompted, opened) !== "continued") yield* reader.space();
  yield* untilClosed(reader, opened.close, before);
  yield* reader.space();
}

/** Takes a tag with the space before it, or nothing. */
function* takeOpen(
  reader: Reader,
  tags: readonly ReasoningTags[],
): Reading<ReasoningTags | undefined> {
  const space = yield* reader.space();
  const open = yield* reader.take(...tags.map((one) => one.open));
  if (open === undefined) yield* takeClosedAlone(reader, tags, space);
  return tags.find((one) => one.open === open);
}

function* takeClosedAlone(reader: Reader, tags: readonly ReasoningTags[], space: string): Reading {
  const alone = tags.filter(({ closedAlone }) => closedAlone === true);
  const close = yield* reader.take(...alone.map((one) => one.close));
  if (close === undefined) reader.unread(space);
  else yield* reader.space();
}

function* untilClosed(reader: Reader, close: string, before: readonly string[]): Reading {
  const { give, release } = withoutLastSpace(reader.reasoning);
  if ((yield* reader.until([close], give, before)) === undefined) release();
}

/** Holds space back until more comes after it. */
export function withoutLastSpace(to: Give): { readonly give: Give; readonly release: () => void } {
  let held = "";
  const give: Give = (text) => {
    const kept = text.trimEnd();
    if (kept === "") {
      held += text;
      return;
    }
    to(held + kept);
    held = text.slice(kept.length);
  };
  const release = () => {
    to(held);
    held = "";
  };
  return { give, release };
}
