/** A whole number from 1 in what a program says; undefined where it is left out. */
export function wholeIn(
  fields: Readonly<Record<string, unknown>>,
  name: string,
  most: number,
  before = "",
): number | undefined {
  const value = fields[name] ?? undefined;
  if (value === undefined) return undefined;
  const isFine = typeof value === "number" && Number.isInteger(value) && value > 0 && value <= most;
  if (!isFine) throw notWhole(before + name, most);
  return value;
}

export const notWhole = (path: string, most: number): Error =>
  new Error(`the program's ${path} must be a whole number from 1 to ${most.toLocaleString("en")}`);
