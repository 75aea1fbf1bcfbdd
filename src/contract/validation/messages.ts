/** Rules of messages and oneofs, and the proto paths of their fields. */
import type { Report } from "./report.ts";
import type { Rule, Rules } from "./rule.ts";

/** A message: a rule for each field, then what they must agree on. */
export function message<M extends object>(
  fields: Rules<M>,
  together?: (value: M, at: string, report: Report) => void,
): Rule<M> {
  // Object.entries forgets which field has which type; `Rules<M>` has paired them.
  const entries = Object.entries(fields) as [keyof M & string, Rule<M[keyof M]>][];
  const rules = entries.map(([name, rule]) => ({ name, protoName: protoName(name), rule }));
  return {
    fields,
    check: (value, at, report) => {
      for (const { name, protoName, rule } of rules) {
        rule.check(value[name], rule.inline ? at : under(at, protoName), report);
      }
      together?.(value, at, report);
    },
  };
}

interface Case {
  readonly $case: string;
  readonly value: unknown;
}

/** A oneof of which exactly one must be set. `name` is what a violation calls it. */
export function oneof<C extends Case>(
  name: string,
  cases: { readonly [K in C["$case"]]: Rule<Extract<C, { $case: K }>["value"]> },
): Rule<C | undefined> {
  const rules: Readonly<Record<string, Rule<never>>> = cases;
  const names = Object.keys(rules).map(protoName).join(", ");
  return {
    fields: rules,
    inline: true,
    check: (value, at, report) => {
      const rule: Rule<unknown> | undefined = value && rules[value.$case];
      if (rule === undefined) {
        report.add(pathOf(at, name), "REQUIRED", `must be set: one of ${names}`);
      } else rule.check(value?.value, pathOf(at, value?.$case ?? ""), report);
    },
  };
}

/** `topK` is `top_k` in proto. */
export function protoName(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** The proto path of a message's field. */
export function pathOf(at: string, name: string): string {
  return under(at, protoName(name));
}

function under(at: string, protoName: string): string {
  return at === "" ? protoName : `${at}.${protoName}`;
}
