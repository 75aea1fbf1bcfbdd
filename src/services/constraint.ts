/** What a completion must be: from the proto's message to the engine's, and whether the model can be held to it. */
import {
  type Constraint as ConstraintMessage,
  type Grammar,
  GrammarSyntax,
} from "../../gen/inferd/v1/generation_service.ts";
import { ServeError } from "../base/errors.ts";
import type { Constraint } from "../engines/engine.ts";
import type { ModelStatus } from "../models/model.ts";

export function constraintOf({ kind }: ConstraintMessage): Constraint {
  switch (kind?.$case) {
    case "jsonObject":
      return { kind: "json_object" };
    case "jsonSchema":
      return { kind: "json_schema", schema: kind.value };
    case "regex":
      return { kind: "regex", pattern: kind.value };
    case "grammar":
      return { kind: "grammar", syntax: syntaxOf(kind.value), text: kind.value.text };
    case "choices":
      return { kind: "choices", texts: kind.value.texts };
    case undefined:
      throw new Error("bug: a constraint without a kind passed its rules");
  }
}

function syntaxOf({ syntax }: Grammar): "gbnf" | "lark" {
  switch (syntax) {
    case GrammarSyntax.GBNF:
      return "gbnf";
    case GrammarSyntax.LARK:
      return "lark";
    case GrammarSyntax.UNSPECIFIED:
      throw new Error("bug: a grammar without a syntax passed its rules");
  }
}

/** Throws CONSTRAINT_UNSUPPORTED where the model's engine enforces none. */
export function checkEnforced(constraint: unknown, { manifest, info }: ModelStatus): void {
  if (constraint === undefined || info?.tasks.generate?.constraints === true) return;
  const { name } = manifest;
  const message = `constraint: the engine of model ${name} enforces none; leave it out, or ask a model of the llama engine`;
  throw new ServeError("CONSTRAINT_UNSUPPORTED", message, { facts: { model: name } });
}
