import { measureLongPrompt } from "../load/long-prompt.ts";
import { randomModel } from "../lib/model.ts";
import type { Scenario } from "../lib/scenario.ts";
import {
  inferdWithLongPrompt,
  longPromptClaims,
  longPromptOptions,
  longPromptTable,
} from "../scenarios/long-prompt.ts";
import { programsOnPrebuilt, programsVersion } from "./llama.ts";
import { withLlamaServer } from "./llama-server.ts";

export const longPromptPeers: Scenario = {
  name: "long-prompt-peers",
  title: "A long prompt enters while three streams run, inferd and llama-server",
  method:
    "As long-prompt, with llama-server on the same libllama and threads, in its defaults but for slots and context. A rate alone is that of the same tokens of the streams that the prompt fell on, which are later ones, and slower, the longer the prompt takes: so the two servers' rates alone are not to be compared, only what each keeps of its own.",
  async run(context) {
    const programs = programsOnPrebuilt();
    const { result: inferd } = await inferdWithLongPrompt(context);
    context.say("llama-server: streams with and without a long prompt");
    const options = {
      model: randomModel(context),
      slots: 4,
      contextTokens: 8192,
      temperature: 0.8,
    };
    const server = await withLlamaServer(programs, options, ({ stream }) =>
      measureLongPrompt(stream, longPromptOptions(context)),
    );
    return {
      claims: [
        ...longPromptClaims(inferd),
        { what: "rate that llama-server's streams keep", value: server.rateKept, unit: "×" },
      ],
      tables: [
        longPromptTable([
          ["inferd", inferd],
          ["llama-server", server],
        ]),
      ],
      data: { inferd, server },
      versions: { "llama.cpp programs": await programsVersion(programs) },
    };
  },
};
