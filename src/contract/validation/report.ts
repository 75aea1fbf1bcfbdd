import { type FieldReason, ServeError, type Violation } from "../../base/errors.ts";

// A caller can send millions of wrong values in one request. A few dozen are enough to correct it.
const keptViolations = 64;

/** Gathers what is wrong with one request. */
export class Report {
  readonly #violations: Violation[] = [];
  #total = 0;

  /** Notes what is wrong with a field. Of a field that is wrong in several ways, the first is reported. */
  add(field: string, reason: FieldReason, description: string): void {
    if (this.#violations.some((known) => known.field === field)) return;
    this.#total += 1;
    if (this.#violations.length === keptViolations) return;
    this.#violations.push({ field, reason, description });
  }

  get isEmpty(): boolean {
    return this.#total === 0;
  }

  /** Throws FIELD_INVALID where anything was added. */
  throwIfAny(): void {
    const [first] = this.#violations;
    if (first === undefined) return;
    const others = this.#total - 1;
    const more = others === 0 ? "" : `, and ${others} more ${others === 1 ? "field" : "fields"}`;
    throw new ServeError("FIELD_INVALID", `${first.field} ${first.description}${more}`, {
      facts: { violations: String(this.#total) },
      violations: this.#violations,
    });
  }
}
