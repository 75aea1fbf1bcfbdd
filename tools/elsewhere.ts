/** What the reference pages show of other systems: a table's cell, and the sources of a table. */
import { type Elsewhere, type System, systems } from "../src/base/elsewhere.ts";

export function elsewhereCell(elsewhere: Elsewhere = {}): string {
  return entriesOf(elsewhere)
    .map(([system, name]) => `${system} \`${name}\``)
    .join("<br>");
}

/** Links to the systems that the rows name; `pages` are closer to the table's subject. */
export function sourcesOf(
  rows: readonly { readonly elsewhere?: Elsewhere }[],
  pages: Elsewhere = {},
): string {
  const used = new Set(rows.flatMap(({ elsewhere = {} }) => Object.keys(elsewhere)));
  return entriesOf({ ...systems, ...pages })
    .filter(([system]) => used.has(system))
    .map(([system, url]) => `[${system}](${url})`)
    .join(", ");
}

/** Object.entries forgets the type of the keys. */
function entriesOf(elsewhere: Elsewhere): readonly (readonly [System, string])[] {
  return Object.entries(elsewhere) as [System, string][];
}
