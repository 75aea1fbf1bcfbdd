/** The formats, and which one a chat template is of. The first that matches is it. */
import type { ChatFormat, TemplateProbe } from "./format.ts";
import { hermes } from "./hermes.ts";
import { plain } from "./plain.ts";

export const formats: readonly ChatFormat[] = [hermes, plain];

export function formatOf(probe: TemplateProbe): ChatFormat {
  return formats.find((format) => format.matches(probe)) ?? plain;
}

/** The format of a name, for a manifest that names it. */
export function formatNamed(name: string): ChatFormat | undefined {
  return formats.find((format) => format.name === name);
}
