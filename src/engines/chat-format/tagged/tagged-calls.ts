/** Tagged calls among content: some formats have a section around one or more of them. */
import type { Tool } from "../../jobs.ts";
import { readCalls } from "../calls.ts";
import type { Reader, Reading } from "../reader.ts";
import { readCall, type Tags } from "./tags.ts";

interface Section {
  readonly open: string;
  readonly close: string;
  /** Whether all calls are in one section; otherwise each has its own. */
  readonly together?: boolean;
}

export interface TaggedCalls {
  readonly tags: Tags;
  readonly section?: Section;
  /** Line breaks before the first tag that are not content. */
  readonly before?: readonly string[];
}

/** Where calls begin. */
export function callMarkers({ tags, section, before = [] }: TaggedCalls): readonly string[] {
  const first = section?.open ?? tags.call;
  return [first, ...before.map((space) => `${space}${first}`)];
}

/** Reads content and calls to the end. */
export function* readTaggedCalls(
  reader: Reader,
  calls: TaggedCalls,
  tools: readonly Tool[],
): Reading {
  const { tags, section } = calls;
  yield* readCalls(reader, {
    markers: callMarkers(calls),
    read: () =>
      section === undefined
        ? readCall(reader, tags, tools)
        : readSection(reader, { tags, section }, tools),
  });
}

/** Reads calls after a section's first tag. False: there is none. */
export function* readSection(
  reader: Reader,
  { tags, section }: Required<Pick<TaggedCalls, "tags" | "section">>,
  tools: readonly Tool[],
): Reading<boolean> {
  for (let count = 0; ; count += 1) {
    yield* reader.space();
    const tag = yield* reader.take(tags.call, section.close);
    if (tag !== tags.call) return count > 0;
    if (!(yield* readCall(reader, tags, tools))) return count > 0;
  }
}
