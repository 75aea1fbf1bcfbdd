/** Rules of a grammar that are made on the way: each is written once, so that a grammar is not larger than its schema. */
export class RuleList {
  readonly rules: string[] = [];

  /** Gives the new rule's name. */
  add(body: string): string {
    const name = `part_${this.rules.length}`;
    this.rules.push(`${name}: ${body}`);
    return name;
  }

  /** Items in their order with a separator between, of which those that are not required may be left out. */
  list(items: readonly Item[], separator: string): string {
    // What may come after an item, and what may come first, from the last item on.
    let rest = "";
    let first: string | undefined;
    for (const { rule, required } of items.toReversed()) {
      const item = this.add(rule);
      const begun = `${item} ${rest}`;
      const none = first === undefined ? "" : ` | ${first}`;
      const optional = first === undefined ? "?" : "";
      first = this.add(required ? begun : `(${begun}${none})${optional}`);
      const next = `${separator} ${item}`;
      rest = this.add(`${required ? next : `(${next})?`} ${rest}`);
    }
    return first ?? "";
  }
}

export interface Item {
  readonly rule: string;
  readonly required: boolean;
}
