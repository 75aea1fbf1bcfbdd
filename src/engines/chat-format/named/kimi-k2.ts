/** Kimi K2: a call's header is its id, such as `functions.get_time:0`. */
import { namedFormat } from "./named-format.ts";

const call = "<|tool_call_begin|>";
const separator = "<|tool_call_argument_begin|>";

export const kimiK2 = namedFormat({
  name: "kimi-k2",
  section: { open: "<|tool_calls_section_begin|>", close: "<|tool_calls_section_end|>" },
  call,
  arguments: separator,
  callEnd: "<|tool_call_end|>",
  header: (text) => {
    const id = text.trim();
    const name = /^(?:functions\.)?(.+?)(?::\d+)?$/.exec(id)?.[1];
    return name === undefined ? undefined : { name, id };
  },
  head: ({ name }, spelling) =>
    `${spelling.literal(`functions.${name}:`)} /[0-9]{1,4}/ ${spelling.literal(separator)}`,
  markers: [separator],
  matches: ({ source, calls }) => calls.includes(separator) || source.includes(separator),
});
