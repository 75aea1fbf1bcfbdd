/** DeepSeek V3.1, and R1 before it. Later models write arguments between tags. */
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
  matches: ({ calls }) => calls.includes(`${separator}first\n\`\`\`json`),
});
