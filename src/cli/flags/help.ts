import type { Option } from "commander";

/** The text of an option in `--help`: its meaning, its variable, its choices and its default. */
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
