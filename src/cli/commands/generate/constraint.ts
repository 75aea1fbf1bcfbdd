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
}

type Kind = NonNullable<Constraint["kind"]>;

/** Undefined where no flag asks for one. */
export function constraintOf(flags: ConstraintFlags): Constraint | undefined {
  const kinds = kindsOf(flags);
  if (kinds.length > 1) {
    throw new UsageError("give one of --json-object, --schema, --regex, --choice and --lark");
  }
  const [kind] = kinds;
  return kind && { kind };
}

function kindsOf({ jsonObject, schema, regex, choice, lark }: ConstraintFlags): readonly Kind[] {
  const kinds: Kind[] = [];
  if (jsonObject === true) kinds.push({ $case: "jsonObject", value: {} });
  if (schema !== undefined) {
    kinds.push({ $case: "jsonSchema", value: readFlagFile("--schema", schema).toString() });
  }
  if (regex !== undefined) kinds.push({ $case: "regex", value: regex });
  if (choice.length > 0) kinds.push({ $case: "choices", value: { texts: choice } });
  if (lark !== undefined) {
    const text = readFlagFile("--lark", lark).toString();
    kinds.push({ $case: "grammar", value: { syntax: GrammarSyntax.LARK, text } });
  }
  return kinds;
}
