/**
 * DeepSeek V3.1, and R1 before it. Later models write arguments between tags. Their templates tell of no tools: a
 * system text does, in the words of V3.1's model card.
 */
import type { Tool } from "../../jobs.ts";
import { namedFormat } from "./named-format.ts";

const section = { open: "<｜tool▁calls▁begin｜>", close: "<｜tool▁calls▁end｜>" };
const call = "<｜tool▁call▁begin｜>";
const separator = "<｜tool▁sep｜>";
const callEnd = "<｜tool▁call▁end｜>";

export const deepseekV31 = namedFormat({
  name: "deepseek-v3.1",
  section,
  call,
  arguments: separator,
  callEnd,
  header: (text) => ({ name: text.trim() }),
  head: ({ name }, spelling) => spelling.literal(`${name}${separator}`),
  markers: [separator],
  matches: ({ calls }) => calls.includes(`${call}first${separator}`),
  instructions: (tools) => instructionsOf(tools, `NAME${separator}ARGUMENTS`),
});

export const deepseekR1 = namedFormat({
  name: "deepseek-r1",
  section,
  call,
  arguments: "```json",
  after: "```",
  callEnd,
  header: (text) => {
    const [, name] = text.split(separator);
    return name === undefined ? undefined : { name: name.trim() };
  },
  head: ({ name }, spelling) => spelling.literal(`function${separator}${name}\n\`\`\`json`),
  markers: [separator],
  matches: ({ calls, source }) =>
    calls.includes(`${separator}first\n\`\`\`json`) ||
    (source.includes(separator) && source.includes("```json")),
  instructions: (tools) =>
    instructionsOf(tools, `function${separator}NAME\n\`\`\`json\nARGUMENTS\n\`\`\``),
});

/** `form` is a call without its marker, of the tool NAME with ARGUMENTS. */
function instructionsOf(tools: readonly Tool[], form: string): string {
  return [
    "## Tools",
    "You have access to the following tools:\n",
    ...tools.map(
      ({ name, description, parameters }) =>
        `### ${name}\nDescription: ${description}\n\nParameters: ${parameters}\n`,
    ),
    "IMPORTANT: ALWAYS adhere to this exact format for tool use:",
    `${section.open}${call}${form}${callEnd}{additional_tool_calls}${section.close}\n`,
    "Where:",
    "- `NAME` must be an exact match to one of the available tools",
    "- `ARGUMENTS` must be valid JSON that strictly follows the tool's Parameters Schema",
    "- For multiple tool calls, chain them directly without separators or spaces",
  ].join("\n");
}
