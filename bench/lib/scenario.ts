/** What a benchmark is, to those that run it and print it. */

export interface Scenario {
  /** The name of its result file, and what `run.ts` calls it. */
  readonly name: string;
  readonly title: string;
  /** How it is measured, in a sentence or two for `docs/benchmarks/results.md`. */
  readonly method: string;
  /** What this machine lacks for it; undefined where it can run. It is skipped with that word. */
  readonly missing?: () => string | undefined;
  run(context: Context): Promise<Outcome>;
}

export interface Context {
  /** Proves that the scenario works, in seconds and on a tiny model; its figures mean nothing. */
  readonly isSmoke: boolean;
  /** Tells the person who waits what is being done. */
  readonly say: (what: string) => void;
}

/** What a scenario found: prepared for people in `claims` and `tables`, whole in `data`. */
export interface Outcome {
  readonly claims: readonly Claim[];
  readonly tables: readonly Table[];
  readonly data: unknown;
  /** Versions of what was measured beside inferd. */
  readonly versions?: Readonly<Record<string, string>>;
}

/** One figure that matters, with what it should be. */
export interface Claim {
  readonly what: string;
  readonly value: number;
  readonly unit: string;
  readonly aim?: { readonly relation: "≥" | "≤"; readonly value: number };
}

export interface Table {
  readonly title: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly (string | number)[])[];
}

/** Whether a claim holds; undefined where nothing was aimed at. */
export function holds({ value, aim }: Claim): boolean | undefined {
  if (aim === undefined) return undefined;
  return aim.relation === "≥" ? value >= aim.value : value <= aim.value;
}
