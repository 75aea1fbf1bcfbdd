/** Families that write each argument between tags. */
import { thinkTags } from "../reasoning.ts";
import { taggedFormat } from "./tagged-format.ts";
import type { Tags } from "./tags.ts";

export const seedOss = taggedFormat({
  name: "seed-oss",
  reasoning: { open: "<seed:think>", close: "</seed:think>" },
  section: { open: "<seed:tool_call>", close: "</seed:tool_call>" },
  tags: {
    call: "<function=",
    nameEnd: ">",
    callEnd: "</function>",
    key: "<parameter=",
    keyEnd: ">",
    value: "",
    valueEnd: "</parameter>",
  },
  matches: ({ calls }) => calls.includes("<seed:tool_call>"),
});

export const minimaxM2 = taggedFormat({
  name: "minimax-m2",
  reasoning: thinkTags,
  section: { open: "<minimax:tool_call>", close: "</minimax:tool_call>", together: true },
  tags: invokeTags(""),
  matches: ({ calls }) => calls.includes("<minimax:tool_call>"),
});

export const minicpm5 = taggedFormat({
  name: "minicpm5",
  reasoning: thinkTags,
  tags: {
    call: '<function name="',
    nameEnd: '"',
    callOpen: ">",
    callEnd: "</function>",
    key: '<param name="',
    keyEnd: '"',
    value: ">",
    valueEnd: "</param>",
    quotes: ["<![CDATA[", "]]>"],
  },
  matches: ({ calls }) => /<function name="first">\s*<param name="a">/.test(calls),
});

/** GLM 4.5 and later, Ling 3, Laguna and Spark. */
export const glm = taggedFormat({
  name: "glm",
  reasoning: thinkTags,
  tags: keyed(""),
  markers: ["<arg_key>", "</arg_key>", "<arg_value>", "</arg_value>"],
  matches: ({ calls }) => /<tool_call>first\s*<arg_key>a<\/arg_key>\s*<arg_value>/.test(calls),
});

const hunyuan = ":opensource";
export const hunyuan3 = taggedFormat({
  name: "hunyuan-3",
  reasoning: { open: `<think${hunyuan}>`, close: `</think${hunyuan}>` },
  section: { open: `<tool_calls${hunyuan}>`, close: `</tool_calls${hunyuan}>`, together: true },
  tags: { ...keyed(hunyuan), nameEnd: `<tool_sep${hunyuan}>` },
  markers: [
    `<tool_call${hunyuan}>`,
    `</tool_call${hunyuan}>`,
    `<tool_sep${hunyuan}>`,
    `<arg_key${hunyuan}>`,
    `</arg_key${hunyuan}>`,
    `<arg_value${hunyuan}>`,
    `</arg_value${hunyuan}>`,
  ],
  matches: ({ calls }) => calls.includes(`<tool_sep${hunyuan}>`),
});

export const deepseekV32 = dsml("deepseek-v3.2", "function_calls");
export const deepseekV4 = dsml("deepseek-v4", "tool_calls");

function dsml(name: string, block: string): ReturnType<typeof taggedFormat> {
  const token = "｜DSML｜";
  return taggedFormat({
    name,
    reasoning: thinkTags,
    section: { open: `<${token}${block}>`, close: `</${token}${block}>`, together: true },
    before: ["\n\n"],
    tags: {
      ...invokeTags(token),
      keyAttributes: ({ types }) => ` string="${types.has("string")}"`,
      textBy: (attributes) => {
        const text = /\sstring="(true|false)"/.exec(attributes)?.[1];
        return text === undefined ? undefined : text === "true";
      },
    },
    markers: [token],
    matches: ({ calls }) => calls.includes(`<${token}${block}>`),
  });
}

/** `<invoke name="first"><parameter name="a">1</parameter></invoke>`. */
export function invokeTags(prefix: string): Tags {
  return {
    call: `<${prefix}invoke name="`,
    nameEnd: '"',
    callOpen: ">",
    callEnd: `</${prefix}invoke>`,
    key: `<${prefix}parameter name="`,
    keyEnd: '"',
    value: ">",
    valueEnd: `</${prefix}parameter>`,
  };
}

/** `<tool_call>first<arg_key>a</arg_key><arg_value>1</arg_value></tool_call>`. */
function keyed(suffix: string): Tags {
  return {
    call: `<tool_call${suffix}>`,
    nameEnd: "",
    callEnd: `</tool_call${suffix}>`,
    key: `<arg_key${suffix}>`,
    keyEnd: `</arg_key${suffix}>`,
    value: `<arg_value${suffix}>`,
    valueEnd: `</arg_value${suffix}>`,
  };
}
