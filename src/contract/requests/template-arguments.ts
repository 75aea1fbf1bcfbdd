/** Variables for a chat template that a caller sends. */
import type { Chat } from "../../../gen/inferd/v1/generation_service.ts";
import type { Report } from "../validation/report.ts";
import type { Rule } from "../validation/rule.ts";

type TemplateArguments = NonNullable<Chat["templateArguments"]>;

const maxBytes = 65_536;
/** Of lists and objects, the whole being the first. */
const maxLevels = 16;

/** What the server itself gives a template. */
const reserved: ReadonlySet<string> = new Set([
  ...["messages", "tools", "documents", "add_generation_prompt", "continue_final_message"],
  ...["bos_token", "eos_token"],
]);

export const templateArguments: Rule<TemplateArguments> = {
  check: (values, at, report) => {
    if (!checkValue(values, { at, level: 1 }, report)) return;
    const bytes = Buffer.byteLength(JSON.stringify(values));
    if (bytes > maxBytes) report.add(at, "TOO_LONG", `must have at most ${maxBytes} bytes`);
    for (const name of Object.keys(values)) {
      if (!reserved.has(name)) continue;
      report.add(
        `${at}[${JSON.stringify(name)}]`,
        "CONFLICT",
        "must not be set: the server sets it",
      );
    }
  },
};

interface Place {
  readonly at: string;
  readonly level: number;
}

/** Whether a value, at its depth, is one that JSON can have. */
function checkValue(value: unknown, { at, level }: Place, report: Report): boolean {
  if (typeof value === "number" && !Number.isFinite(value)) {
    report.add(at, "OUT_OF_RANGE", "must have no number that is NaN or infinite");
    return false;
  }
  if (typeof value !== "object" || value === null) return true;
  if (level > maxLevels) {
    report.add(at, "TOO_LONG", `must have at most ${maxLevels} levels of nesting`);
    return false;
  }
  return Object.values(value).every((one) => checkValue(one, { at, level: level + 1 }, report));
}
