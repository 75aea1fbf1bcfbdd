import { Option } from "commander";

export function truncationOption(): Option {
  return new Option(
    "--truncation <where>",
    "Where to cut a text that is too long; none refuses it.",
  )
    .choices(["none", "end", "start"])
    .default("none");
}
