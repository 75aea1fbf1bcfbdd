/** A table with a column for each system that was measured. */
type Row = readonly (string | number)[];

export function sideBySide<T>(all: Readonly<Record<string, T>>): {
  readonly columns: readonly string[];
  readonly row: (name: string, cell: (one: T) => string | number) => Row;
} {
  return {
    columns: ["", ...Object.keys(all)],
    row: (name, cell) => [name, ...Object.values(all).map(cell)],
  };
}
