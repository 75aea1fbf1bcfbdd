/** What `python-peers` found, as claims and tables. */
import type { Claim, Table } from "../lib/scenario.ts";
import { median, rounded, type Spread } from "../lib/statistics.ts";
import { type Case, cases } from "./python-cases.ts";
import type { Rate } from "./rate.ts";

/** One server in one turn. */
export interface Measured {
  /** By case, then by the way in which its function is served. */
  readonly rates: Readonly<Record<string, Readonly<Record<string, Rate>>>>;
  /** How soon it said that it is well while a function held Python's lock. */
  readonly health: Spread;
}

export interface Turn {
  readonly inferd: Measured;
  readonly fastApi: Measured;
}

const names = { inferd: "inferd", fastApi: "FastAPI" } as const;
const systems = ["inferd", "fastApi"] as const;

export function claimsOf(turns: readonly Turn[]): readonly Claim[] {
  const holding = "health p99 while a function holds Python's lock";
  const p99 = (system: keyof Turn): number =>
    rounded(median(turns.map((turn) => turn[system].health.p99)));
  return [
    ...cases.map((one) => ratioOf(one, turns)),
    { what: holding, value: p99("inferd"), unit: "ms", aim: { relation: "≤", value: 50 } },
    { what: `FastAPI's ${holding}`, value: p99("fastApi"), unit: "ms" },
  ];
}

/** To the faster one of FastAPI's ways, in each turn. */
function ratioOf({ name, says, least }: Case, turns: readonly Turn[]): Claim {
  const best = ({ rates }: Measured): number =>
    Math.max(...Object.values(rates[name] ?? {}).map(({ perSecond }) => perSecond));
  const value = rounded(median(turns.map(({ inferd, fastApi }) => best(inferd) / best(fastApi))));
  return {
    what: `${says}, against FastAPI`,
    value,
    unit: "×",
    aim: { relation: "≥", value: least },
  };
}

export const tablesOf = (turns: readonly Turn[]): readonly Table[] => [
  {
    title: "Calls, or pieces of streams",
    columns: ["", "behind", "a second", "CPU of the server, µs each"],
    rows: cases.flatMap(({ name, says }) =>
      systems.flatMap((system) => rateRows(name, system, turns).map((row) => [says, ...row])),
    ),
  },
  {
    title: "Health while a function holds Python's lock for 2 s at a time",
    columns: ["", "p50 ms", "p99 ms", "slowest ms"],
    rows: systems.map((system) => {
      const middle = (figure: keyof Spread): number =>
        rounded(median(turns.map((turn) => turn[system].health[figure])));
      return [names[system], middle("p50"), middle("p99"), middle("max")];
    }),
  },
];

function rateRows(
  name: string,
  system: keyof Turn,
  turns: readonly Turn[],
): readonly (readonly (string | number)[])[] {
  const forms = Object.keys(turns[0]?.[system].rates[name] ?? {});
  return forms.map((form) => {
    const middle = (figure: keyof Rate): number =>
      rounded(median(turns.map((turn) => turn[system].rates[name]?.[form]?.[figure] ?? NaN)));
    return [`${names[system]}, ${form}`, middle("perSecond"), middle("microseconds")];
  });
}
