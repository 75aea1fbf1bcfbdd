/** Which items go into a batch. */

/** The items of one job, each of one or two texts, and which of them is next. */
export interface Line {
  readonly items: readonly (readonly string[])[];
  readonly next: number;
}

export interface BatchBounds {
  readonly maxTexts: number;
  /** One item alone may have more. */
  readonly maxBytes: number;
}

/** An item by its job's place among the lines, and its own in the job. */
export interface Pick {
  readonly line: number;
  readonly index: number;
}

/** Takes an item of each line in turn, so that a job of one does not wait behind one of ten thousand. Pure. */
export function takeTurns(lines: readonly Line[], bounds: BatchBounds): readonly Pick[] {
  const picks: Pick[] = [];
  let bytes = 0;
  for (let round = 0; ; round++) {
    const before = picks.length;
    for (const [line, { items, next }] of lines.entries()) {
      const index = next + round;
      const item = items[index];
      if (item === undefined) continue;
      for (const text of item) bytes += Buffer.byteLength(text);
      const isFull = picks.length === bounds.maxTexts || bytes > bounds.maxBytes;
      if (isFull && picks.length > 0) return picks;
      picks.push({ line, index });
    }
    if (picks.length === before) return picks;
  }
}
