/** Pieces of tokens as a person reads them. */
import type { TokenPiece } from "../../../../gen/inferd/v1/tokenization_service.ts";
import { escaped } from "../../print.ts";

/** Backgrounds of tokens next to each other; a control token is inverted. */
const backgrounds = ["\x1b[44m", "\x1b[42m", "\x1b[45m", "\x1b[46m"] as const;
const [inverse, reset] = ["\x1b[7m", "\x1b[0m"];

/** All pieces in one text, each in a colour of its own. */
export function coloured(pieces: readonly Pick<TokenPiece, "token" | "special">[]): string {
  return pieces
    .map(({ token, special }, index) => {
      const colour = special ? inverse : (backgrounds[index % backgrounds.length] ?? inverse);
      const breaks = token.filter((byte) => byte === 0x0a).length;
      // A line break ends the line too, outside the colour: a terminal would fill the rest of the line with it.
      return `${colour}${shownOf(token)}${reset}${"\n".repeat(breaks)}`;
    })
    .join("");
}

/** One line for each token: its id and its text. */
export function linesOf(
  ids: readonly number[],
  pieces: readonly Pick<TokenPiece, "token">[],
): string {
  return ids.map((id, index) => `${id}\t${shownOf(pieces[index]?.token)}\n`).join("");
}

const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Safe for one line of a terminal. What is no whole character is shown by its bytes. */
function shownOf(token: Uint8Array = new Uint8Array()): string {
  try {
    return escaped(strict.decode(token).replaceAll("\n", "\\n"));
  } catch {
    return Array.from(token, (byte) => `<0x${byte.toString(16).padStart(2, "0")}>`).join("");
  }
}
