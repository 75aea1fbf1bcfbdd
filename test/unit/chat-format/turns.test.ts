/**
 * What chat templates write of an assistant's turn with calls, recorded by test/fixtures/chat-formats/record-turns.py:
 * read back, the calls are the same, and a grammar takes them.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { formatOf } from "../../../src/engines/chat-format/index.ts";
import type { Tool } from "../../../src/engines/jobs.ts";
import { cutsOf, type Message, read, walk } from "./reading.ts";

interface Recorded {
  readonly probe: { readonly calls: string; readonly generationPrompt: string };
  readonly turns: readonly Turn[];
}

interface Turn {
  readonly prompted: string;
  readonly text: string;
  readonly calls: readonly (readonly [name: string, args: object])[];
}

const file = join(import.meta.dirname, "../../fixtures/chat-formats/turns.json");
const recorded = JSON.parse(readFileSync(file, "utf8")) as Record<string, Recorded>;

const properties = {
  city: { type: "string" },
  days: { type: "integer" },
  flag: { type: "boolean" },
  options: {
    type: "object",
    properties: { x: { type: "number" }, tags: { type: "array", items: { type: "string" } } },
  },
  list: { type: "array", items: { type: "integer" } },
};
const tools: readonly Tool[] = ["first", "second"].map((name) => ({
  name,
  description: "D",
  parameters: JSON.stringify({ type: "object", properties, required: ["city"] }),
}));

/** The families whose formats are in folders: each with the templates that are of it. */
const families: Readonly<Record<string, readonly string[]>> = {
  apertus: ["Apertus-8B-Instruct"],
  "deepseek-r1": ["deepseek-ai-DeepSeek-R1-Distill-Qwen-32B"],
  "deepseek-v3.1": ["deepseek-ai-DeepSeek-V3.1"],
  "deepseek-v3.2": ["deepseek-ai-DeepSeek-V3.2"],
  "deepseek-v4": ["deepseek-ai-DeepSeek-V4", "deepseek-ai-DeepSeek-V4-Flash-0731"],
  gemma4: ["google-gemma-4-31B-it", "google-gemma-4-31B-it-interleaved"],
  glm: [
    "GLM-4.6",
    "GLM-4.7-Flash",
    "Spark2.5",
    "inclusionai-ling-3.0-flash",
    "poolside-Laguna-S-2.1",
    "poolside-Laguna-XS-2.1",
    "poolside-Laguna-XS.2",
  ],
  harmony: ["openai-gpt-oss-120b"],
  "hunyuan-3": ["tencent-Hy3"],
  "kimi-k2": ["moonshotai-Kimi-K2", "Kimi-K2-Instruct", "Kimi-K2-Thinking"],
  "kimi-k3": ["Kimi-K3"],
  lfm2: ["LFM2.5-8B-A1B"],
  minicpm5: ["openbmb-MiniCPM5-1B"],
  "minimax-m2": ["MiniMax-M2"],
  "minimax-m3": ["MiniMax-M3"],
  muse: ["muse-glimmer"],
  "qwen3-coder": [
    "NVIDIA-Nemotron-3-Nano-30B-A3B-BF16",
    "Qwen3-Coder",
    "Qwen3.5-4B",
    "StepFun3.5-Flash",
  ],
  "seed-oss": ["ByteDance-Seed-OSS"],
  "solar-open": ["upstage-Solar-Open-100B"],
};
const rows = Object.entries(families).flatMap(([family, templates]) =>
  templates.map((template) => [template, family] as const),
);

/** What ends a turn is a control token that is no marker, and adds no text. */
const turnEnd =
  /(?:<\|(?:im_end|eot|end_of_text|role_end|calls|call|end_of_msg)\|>|<turn\|>|\[e~\[|<\/assistant>|<seed:eos>|<｜(?:end▁of▁sentence|Assistant|hy_eos:opensource)｜>|<\|tool_response>|\s)+$/;

describe.each(rows)("turns as %s writes them", (template, family) => {
  const { probe, turns } = recorded[template]!;
  const format = formatOf({ source: "", ...probe });

  it("are of the family", () => expect(format.name).toBe(family));

  it("are read back, however they are cut", () => {
    for (const { prompted, text, calls } of turns.filter(({ text }) =>
      isUnambiguous(text, family),
    )) {
      const written = text.replace(turnEnd, "");
      const whole = read(format, [written], { prompted, tools });
      expect(callsOf(whole)).toEqual(calls);
      // Single characters show what every cut shows; all cuts of some are tried as well.
      for (const pieces of text.length < 200 ? cutsOf(written) : [written.split("")]) {
        expect(read(format, pieces, { prompted, tools })).toEqual(whole);
      }
    }
  });

  it.each([true, false])("are taken by the grammar, markers spelled: %s", (spelled) => {
    // The shortest has no content, which some templates write after calls.
    const [{ prompted, text }] = turns
      .filter(({ calls }) => calls.every(([name]) => name === "first"))
      .toSorted((a, b) => a.text.length - b.text.length) as [Turn];
    const written = text.replace(turnEnd, "").trimEnd();
    const options = { tools, prompted, spelled };
    expect(walk(format, written, options)).toBe("accepted");
    const wrong = written.replaceAll("first", "fist");
    expect(walk(format, wrong, options)).toHaveProperty("refusedAfter");
  });
});

/** The template of LFM2 does not escape quotes, as its models do. */
function isUnambiguous(text: string, family: string): boolean {
  return family !== "lfm2" || !text.includes("it's");
}

function callsOf({ calls }: Message): unknown {
  return calls.map(({ name, arguments: text }) => [name, JSON.parse(text) as unknown]);
}
