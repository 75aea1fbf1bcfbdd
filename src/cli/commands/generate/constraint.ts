/** What the flags of `inferd generate` ask a completion to be. */
import { type Constraint, GrammarSyntax } from "../../../../gen/inferd/v1/generation_service.ts";
import { UsageError } from "../../failure.ts";
import { readFlagFile } from "../../flag-file.ts";

export interface ConstraintFlags {
  readonly jsonObject?: boolean;
  readonly schema?: string;
  readonly regex?: string;
  readonly choice: readonly string[];
  readonly lark?: string;
  readonly gbnf?: string;
  readonly closeAtLength?: boolean;
}

type Kind = NonNullable<Constraint["kind"]>;

const grammarFlags = [
  ["lark", GrammarSyntax.LARK],
  ["gbnf", GrammarSyntax.GBNF],
] as const;

/** Undefined where no flag asks for one. */
export function constraintOf(flags: ConstraintFlags): Constraint | undefined {
  const kinds = kindsOf(flags);
  if (kinds.length > 1) {
    throw new UsageError(
      "give one of --json-object, --schema, --regex, --choice, --lark and --gbnf",
    );
  }
  const [kind] = kinds;
  const closeAtLength = flags.closeAtLength === true;
  if (kind === undefined && closeAtLength) {
    throw new UsageError("--close-at-length needs a constraint, such as --schema");
  }
  return kind && { kind, closeAtLength };
}

function kindsOf(flags: ConstraintFlags): readonly Kind[] {
  const { jsonObject, schema, regex, choice } = flags;
  const kinds: Kind[] = [];
  if (jsonObject === true) kinds.push({ $case: "jsonObject", value: {} });
  if (schema !== undefined) {
    kinds.push({ $case: "jsonSchema", value: readFlagFile("--schema", schema).toString() });
  }
  if (regex !== undefined) kinds.push({ $case: "regex", value: regex });
  if (choice.length > 0) kinds.push({ $case: "choices", value: { texts: choice } });
  for (const [flag, syntax] of grammarFlags) {
    const file = flags[flag];
    if (file === undefined) continue;
    const text = readFlagFile(`--${flag}`, file).toString();
    kinds.push({ $case: "grammar", value: { syntax, text } });
  }
  return kinds;
}
