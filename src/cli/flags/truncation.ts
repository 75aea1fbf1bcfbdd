import { Option } from "commander";

export function truncationOption(): Option {
  return new Option(
    "--truncation <where>",
    "Which end of a text to cut if it is too long; none rejects it.",
  )
    .choices(["none", "end", "start"])
    .default("none");
}
