/** What commands print: results on standard output, everything about them on standard error. */

/** Ends quietly where the reader of our output has seen enough, as in `inferd generate … | head`. */
export function stopWhenUnread(): void {
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") process.exit(0);
    throw error;
  });
}

/** Writes results; fulfilled once the reader has room for more. */
export function write(text: string): Promise<void> {
  return new Promise((done) => void process.stdout.write(text, () => done()));
}

export function writeJson(value: unknown): Promise<void> {
  return write(`${toJsonText(value)}\n`);
}

/** Says something to the person at the terminal. */
export function say(text: string): void {
  process.stderr.write(`${text}\n`);
}

/** Says something that only a person wants to know, not a script's log. */
export function remark(text: string): void {
  if (process.stderr.isTTY) say(process.stderr.hasColors() ? `\x1b[2m${text}\x1b[22m` : text);
}

/**
 * JSON in which a number that came as float32 is as short as it can be: 0.1, not 0.10000000149011612.
 */
export function toJsonText(value: unknown, indent?: number): string {
  const shorten = (_key: string, item: unknown): unknown =>
    typeof item === "number" && Math.fround(item) === item ? shortest(item) : item;
  return JSON.stringify(value, shorten, indent);
}

/** The shortest decimal that is the same float32, the tiniest aside. */
function shortest(value: number): number {
  if (Number.isInteger(value)) return value;
  for (let digits = 6; digits < 9; digits += 1) {
    const candidate = Number(value.toPrecision(digits));
    if (Math.fround(candidate) === value) return candidate;
  }
  return Number(value.toPrecision(9));
}

/** Such as `1 token`, `2 tokens`. */
export function quantity(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

// Control characters, C1's among them, and those that turn the direction of what follows or break its line.
const unseen = /[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu;

/** A text that somebody else chose, as it can be shown in one line: what a terminal would obey is spelled out. */
export function escaped(text: string): string {
  return text.replace(unseen, (character) => {
    const code = character.charCodeAt(0).toString(16).padStart(4, "0");
    return `\\u${code}`;
  });
}

/** Lays rows out in columns, as wide as their widest cell. What a terminal would obey is escaped. */
export function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [header, ...rows.map((row) => row.map(escaped))];
  const widths = header.map((_cell, column) =>
    Math.max(...all.map((row) => (row[column] ?? "").length)),
  );
  const layOut = (row: readonly string[]): string =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd();
  return all.map(layOut).join("\n");
}
