/** Which texts go into a batch. */

/** The texts of one job, and which of them is next. */
export interface Line {
  readonly texts: readonly string[];
  readonly next: number;
}

export interface BatchBounds {
  readonly maxTexts: number;
  /** One text alone may have more. */
  readonly maxBytes: number;
}

/** A text by its job's place among the lines, and its own in the job. */
export interface Pick {
  readonly line: number;
  readonly index: number;
}

/** Takes a text of each line in turn, so that a job of one text does not wait behind one of ten thousand. Pure. */
export function takeTurns(lines: readonly Line[], bounds: BatchBounds): readonly Pick[] {
  const picks: Pick[] = [];
  let bytes = 0;
  for (let round = 0; ; round++) {
    const before = picks.length;
    for (const [line, { texts, next }] of lines.entries()) {
      const index = next + round;
      const text = texts[index];
      if (text === undefined) continue;
      bytes += Buffer.byteLength(text);
      const isFull = picks.length === bounds.maxTexts || bytes > bounds.maxBytes;
      if (isFull && picks.length > 0) return picks;
      picks.push({ line, index });
    }
    if (picks.length === before) return picks;
  }
}
