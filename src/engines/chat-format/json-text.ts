/** Text as the inside of a JSON string, in pieces. */
import type { Give } from "./reader.ts";

/** Gives what is pushed with JSON's escapes. The two halves of a character may come apart. */
export function escapedInto(give: Give): Give {
  let half = "";
  return (text) => {
    const all = half + text;
    const last = all.charCodeAt(all.length - 1);
    half = last >= 0xd800 && last < 0xdc00 ? all.slice(-1) : "";
    give(JSON.stringify(all.slice(0, all.length - half.length)).slice(1, -1));
  };
}
