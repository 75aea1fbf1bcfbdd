import type { Environment } from "../../base/environment.ts";

/** What numeric libraries read to know how many threads they may start. */
const threadVariables = [
  "OMP_NUM_THREADS",
  "MKL_NUM_THREADS",
  "OPENBLAS_NUM_THREADS",
  "NUMEXPR_NUM_THREADS",
];

/** A program's environment: the server's own, and its share of the cores where the user says nothing else. Pure. */
export function programEnvironment(own: Environment, threads: number): Environment {
  const shares = Object.fromEntries(threadVariables.map((name) => [name, String(threads)]));
  return { ...shares, ...own };
}
