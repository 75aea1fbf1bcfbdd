/** Grammars of formats whose completions are more than text and calls. */
import type { GrammarOptions } from "../format.ts";
import { type CallsForm, callRules } from "../grammar.ts";

export interface OfferedCalls {
  /** `call`, and the rules that it refers to. */
  readonly rules: readonly string[];
  readonly isRequired: boolean;
  /** Whether more than one call may come. */
  readonly many: boolean;
}

/** Undefined where no tool can be called. */
export function offeredCalls(
  options: GrammarOptions,
  call: CallsForm["call"],
): OfferedCalls | undefined {
  const rules = callRules(options, call);
  if (rules === undefined) return undefined;
  const { choice, parallel } = options;
  const [isRequired, many] = [choice.kind !== "auto", parallel && choice.kind !== "named"];
  return { rules, isRequired, many };
}
