/** A line at the bottom of the terminal with the loading progress of models. Log lines go above it. */

interface Terminal {
  readonly columns: number;
  write(text: string): unknown;
}

const clearLine = "\r\x1b[2K";

export class Progress {
  readonly #terminal: Terminal;
  readonly #fractions = new Map<string, number>();
  #drawn = false;

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
  }

  update(name: string, fraction: number): void {
    this.#fractions.set(name, fraction);
    this.#draw();
  }

  /** Removes a model that has loaded or failed. */
  end(name: string): void {
    this.#fractions.delete(name);
    this.#draw();
  }

  /** Writes a log line. */
  write(line: string): void {
    this.#terminal.write(this.#drawn ? `${clearLine}${line}` : line);
    this.#drawn = false;
    this.#draw();
  }

  #draw(): void {
    const line = layOut(this.#fractions, this.#terminal.columns);
    if (line === "" && !this.#drawn) return;
    this.#terminal.write(`${clearLine}${line}`);
    this.#drawn = line !== "";
  }
}

/** Such as `loading inferd-demo ━━━━━━━━━━──────────  50 %`, no wider than the terminal. */
export function layOut(fractions: ReadonlyMap<string, number>, columns: number): string {
  const bars = [...fractions].map(([name, fraction]) => {
    const full = Math.round(Math.min(Math.max(fraction, 0), 1) * 20);
    const percent = String(full * 5).padStart(3);
    return `${name} ${"━".repeat(full)}${"─".repeat(20 - full)} ${percent} %`;
  });
  if (bars.length === 0) return "";
  // Some terminals do not know their width and report 0.
  return `loading ${bars.join("  ")}`.slice(0, (columns > 0 ? columns : 80) - 1);
}
