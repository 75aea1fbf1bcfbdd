/** Constraints as what compiles them reads them: llguidance, and for GBNF our own. */
import { createHash } from "node:crypto";
import type { Constraint } from "../jobs.ts";
import { withOptions } from "./schema-text.ts";

/** What `matcher_new` takes as the kind of a text. */
export const grammarKinds = { schema: 0, regex: 1, lark: 2 } as const;

export interface Grammar {
  readonly kind: keyof typeof grammarKinds | "gbnf";
  readonly text: string;
}

export function grammarOf(constraint: Constraint): Grammar {
  switch (constraint.kind) {
    case "json_object":
      return { kind: "schema", text: withOptions('{"type":"object"}') };
    case "json_schema":
      return { kind: "schema", text: withOptions(constraint.schema) };
    case "regex":
      return { kind: "regex", text: constraint.pattern };
    case "choices":
      return { kind: "regex", text: constraint.texts.map(literal).join("|") };
    case "grammar":
      return { kind: constraint.syntax, text: constraint.text };
  }
}

/** The field of the request that has the constraint's text. */
export function fieldOf({ kind }: Constraint): string {
  return kind === "grammar" ? "constraint.grammar.text" : `constraint.${kind}`;
}

export function digestOf({ kind, text }: Grammar): string {
  return createHash("sha256").update(kind).update("\n").update(text).digest("base64");
}

/** A text as a regular expression that matches it alone. */
function literal(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/&~#-]/g, "\\$&");
}
