/** Output of commands: results on standard output, everything else on standard error. */

/** Ends quietly when the reader closes our output, as in `inferd generate … | head`. */
export function stopWhenUnread(): void {
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") process.exit(0);
    throw error;
  });
}

/** Writes results. Resolves once the reader has room for more. */
export function write(text: string): Promise<void> {
  return new Promise((done) => void process.stdout.write(text, () => done()));
}

export function writeJson(value: unknown): Promise<void> {
  return write(`${toJsonText(value)}\n`);
}

/** Prints a message on standard error. */
export function say(text: string): void {
  process.stderr.write(`${text}\n`);
}

/** Prints a message on standard error if it is a terminal. */
export function remark(text: string): void {
  if (process.stderr.isTTY) say(process.stderr.hasColors() ? `\x1b[2m${text}\x1b[22m` : text);
}

/** Prints text aside, on standard error, if that is a terminal. Says whether it is. */
export function aside(text: string): boolean {
  const { isTTY } = process.stderr;
  if (isTTY) process.stderr.write(process.stderr.hasColors() ? `\x1b[2m${text}\x1b[22m` : text);
  return isTTY;
}

/** Remarks how much was read, and how long it took since `began`, by `performance.now()`. */
export function remarkTime(
  count: number,
  noun: string,
  { tokens, began }: { readonly tokens: number; readonly began: number },
): void {
  const took = ((performance.now() - began) / 1000).toFixed(2);
  remark(`${quantity(count, noun)} of ${quantity(tokens, "token")} in ${took} s`);
}

/** JSON in which numbers from float32 are as short as possible: 0.1, not 0.10000000149011612. */
export function toJsonText(value: unknown, indent?: number): string {
  const shorten = (_key: string, item: unknown): unknown =>
    typeof item === "number" && Math.fround(item) === item ? shortest(item) : item;
  return JSON.stringify(value, shorten, indent);
}

/** The shortest decimal of the same float32, except for the tiniest. */
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

// Control characters, C1 included, and characters that change text direction or break lines.
const unseen = /[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu;

/** Text from others, safe for one line of a terminal: control characters are escaped. */
export function escaped(text: string): string {
  return text.replace(unseen, (character) => {
    const code = character.charCodeAt(0).toString(16).padStart(4, "0");
    return `\\u${code}`;
  });
}

/** Formats rows in columns as wide as their widest cell. Control characters are escaped. */
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
