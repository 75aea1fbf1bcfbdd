/** Text without calls, after reasoning between the tags that it begins with. */
import type { ChatFormat } from "./format.ts";
import { parserOf } from "./reader.ts";
import { readReasoning, type ReasoningTags, thinkTags } from "./reasoning.ts";

const allTags: readonly ReasoningTags[] = [
  thinkTags,
  { open: "[THINK]", close: "[/THINK]" },
  { open: "<seed:think>", close: "</seed:think>" },
  { open: "<|START_THINKING|>", close: "<|END_THINKING|>" },
];

export const plain: ChatFormat = {
  name: "plain",
  markers: allTags.flatMap(({ open, close }) => [open, close]),
  matches: () => true,
  parser: ({ prompted }) => parserOf((reader) => readReasoning(reader, prompted, allTags)),
  grammar: () => undefined,
};
