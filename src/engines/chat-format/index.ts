/** The formats, and which one a chat template is of. The first that matches is it. */
import type { ChatFormat, TemplateProbe } from "./format.ts";
import { functionary, functionaryParts } from "./functionary.ts";
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
import { llama3 } from "./llama3.ts";
import { mistral, mistralList } from "./mistral.ts";

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
