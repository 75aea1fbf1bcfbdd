import type { Option } from "commander";

/** An option's text in `--help`: what it means, then its variable, what it may be, and its default. */
export function helpOf({ description, envVar, argChoices, defaultValue }: Option): string {
  const notes = [
    ...(argChoices === undefined ? [] : [argChoices.join(", ")]),
    ...(typeof defaultValue === "string" && defaultValue !== ""
      ? [`default: ${defaultValue}`]
      : []),
  ];
  return [
    description,
    ...(envVar === undefined ? [] : [`[${envVar}]`]),
    ...(notes.length === 0 ? [] : [`(${notes.join("; ")})`]),
  ].join(" ");
}
