/** The formats, and which one a chat template is of. The first that matches is it. */
import { apertus } from "./apertus.ts";
import { harmony } from "./channels/harmony.ts";
import { kimiK3 } from "./channels/kimi-k3.ts";
import { muse } from "./channels/muse.ts";
import type { ChatFormat, TemplateProbe } from "./format.ts";
import { functionary, functionaryParts } from "./functionary.ts";
import { gemma4 } from "./gemma4.ts";
import { generic, hermes } from "./hermes.ts";
import {
  apriel,
  command,
  commandR,
  firefunction,
  gigachat,
  gigachat3,
  granite,
  minimaxM1,
  nemotron,
} from "./json-lists.ts";
import { lfm2 } from "./lfm2.ts";
import { llama3 } from "./llama3.ts";
import { mistral, mistralList } from "./mistral.ts";
import { deepseekR1, deepseekV31 } from "./named/deepseek.ts";
import { kimiK2 } from "./named/kimi-k2.ts";
import { solarOpen } from "./named/solar-open.ts";
import { minimaxM3 } from "./tagged/minimax-m3.ts";
import { qwen3Coder } from "./tagged/qwen3-coder.ts";
import {
  deepseekV32,
  deepseekV4,
  glm,
  hunyuan3,
  minicpm5,
  minimaxM2,
  seedOss,
} from "./tagged/tagged-formats.ts";

export const formats: readonly ChatFormat[] = [
  hermes,
  mistral,
  mistralList,
  functionary,
  functionaryParts,
  nemotron,
  apriel,
  minimaxM1,
  granite,
  command,
  commandR,
  firefunction,
  gigachat,
  gigachat3,
  qwen3Coder,
  glm,
  deepseekR1,
  deepseekV31,
  deepseekV32,
  deepseekV4,
  harmony,
  gemma4,
  kimiK2,
  kimiK3,
  minimaxM2,
  minimaxM3,
  seedOss,
  minicpm5,
  lfm2,
  apertus,
  hunyuan3,
  solarOpen,
  muse,
  llama3,
  generic,
];

export function formatOf(probe: TemplateProbe): ChatFormat {
  return formats.find((format) => format.matches(probe)) ?? generic;
}

/** The format of a name, for a manifest that names it. */
export function formatNamed(name: string): ChatFormat | undefined {
  return formats.find((format) => format.name === name);
}
