/** The formats of calls as JSON objects after a marker, but Hermes': see `json-list.ts`. */
import { lark } from "./grammar.ts";
import { jsonListFormat } from "./json-list.ts";

/** Nemotron Nano v2. */
export const nemotron = jsonListFormat({
  name: "nemotron",
  open: "<TOOLCALL>",
  close: "</TOOLCALL>",
  matches: ({ calls }) => /<TOOLCALL>\s*\[/.test(calls),
  grammar: { first: "[", between: ", ", last: "]" },
});

/** Apriel 1.5 and 1.6; the latter begins with reasoning, which has no tag of its own. */
export const apriel = jsonListFormat({
  name: "apriel",
  open: "<tool_calls>",
  alsoOpen: ["\n<tool_calls>"],
  close: "</tool_calls>",
  reasoning: { open: "<|begin_assistant|>", close: "[BEGIN FINAL RESPONSE]" },
  matches: ({ calls }) => /<tool_calls>\s*\[\s*\{"name"/.test(calls),
  grammar: { first: "[", between: ", ", last: "]" },
});

export const minimaxM1 = jsonListFormat({
  name: "minimax-m1",
  open: "<tool_calls>",
  close: "</tool_calls>",
  matches: ({ calls }) => /<tool_calls>\s*\{"name"/.test(calls),
  grammar: { first: "\n", between: "\n", last: "\n" },
});

/** Granite 3, and Phi 4 mini, which closes the list with a tag. */
export const granite = jsonListFormat({
  name: "granite",
  open: "<|tool_call|>",
  close: "<|/tool_call|>",
  matches: ({ source }) => source.includes("<|tool_call|>"),
  grammar: { first: "[", between: ", ", last: "]" },
});

export const firefunction = jsonListFormat({
  name: "firefunction",
  open: "functools",
  alsoOpen: [" functools"],
  matches: ({ source }) => source.includes("functools["),
  grammar: { first: "[", between: ", ", last: "]" },
});

const cohereKeys = { name: ["tool_name"], arguments: ["parameters"] };

/** Command R7B and later. */
export const command = jsonListFormat({
  name: "command",
  open: "<|START_ACTION|>",
  close: "<|END_ACTION|>",
  tags: [
    "<|START_RESPONSE|>",
    "<|END_RESPONSE|>",
    "<|START_TEXT|>",
    "<|END_TEXT|>",
    "<|CHATBOT_TOKEN|>",
  ],
  reasoning: { open: "<|START_THINKING|>", close: "<|END_THINKING|>" },
  keys: { ...cohereKeys, id: ["tool_call_id"] },
  matches: ({ source }) => source.includes("<|START_ACTION|>"),
  grammar: {
    first: "[\n    ",
    between: ",\n    ",
    last: "\n]",
    call: (tool, options) =>
      [
        `${lark('{"tool_call_id": "')} /[0-9]{1,3}/`,
        lark(`", "tool_name": "${tool.name}", "parameters": `),
        options.json(tool),
        lark("}"),
      ].join(" "),
    answer: ({ marker }) => {
      const tagged = ["RESPONSE", "TEXT"].map(
        (tag) => `${marker(`<|START_${tag}|>`)} REST ${marker(`<|END_${tag}|>`)}`,
      );
      return `${tagged.join(" | ")} | REST`;
    },
  },
});

/** Command R and R+. */
export const commandR = jsonListFormat({
  name: "command-r",
  open: "Action:\n```json",
  alsoOpen: ["Action: ```json", "\nAction:\n```json"],
  close: "```",
  tags: ["<|CHATBOT_TOKEN|>", "<|END_OF_TURN_TOKEN|>"],
  keys: cohereKeys,
  matches: ({ source }) => source.includes("Action:") && source.includes('"tool_name"'),
  grammar: {
    first: "\n[\n    ",
    between: ",\n    ",
    last: "\n]\n",
    call: (tool, options) =>
      `${lark(`{"tool_name": "${tool.name}", "parameters": `)} ${options.json(tool)} "}"`,
  },
});

export const gigachat = jsonListFormat({
  name: "gigachat",
  open: "<|function_call|>",
  matches: ({ calls }) => /<\|function_call\|>\s*\{"name"/.test(calls),
  grammar: {},
});

export const gigachat3 = jsonListFormat({
  name: "gigachat-3",
  open: "<|message_sep|>\n\nfunction call<|role_sep|>",
  markers: ["<|message_sep|>", "<|role_sep|>"],
  matches: ({ calls }) => calls.includes("function call<|role_sep|>"),
  grammar: { first: "\n" },
});
