/** Calls among content, each after a marker. */
import type { Reader, Reading } from "./reader.ts";

export interface CallsAfter {
  /** Each begins a call. One may be another with a line break before it, which then is no content. */
  readonly markers: readonly string[];
  /** Tags around content, which are no content. */
  readonly tags?: readonly string[];
  /** Reads a call after its marker: false if it is none, and then what was read is content. */
  readonly read: (reader: Reader, marker: string) => Reading<boolean>;
}

/** Reads to the end. Space before and after calls is the format's, where there is no other content next to it. */
export function* readCalls(reader: Reader, { markers, tags = [], read }: CallsAfter): Reading {
  const all = [...markers, ...tags];
  for (let called = false; ;) {
    const space = yield* reader.space();
    const ends = (yield* reader.peek()) === undefined ? called : yield* reader.sees(...all);
    if (!ends) reader.content(space);
    const marker = yield* reader.until(all, reader.content);
    if (marker === undefined) return;
    if (!markers.includes(marker)) continue;
    reader.keep(marker);
    if (yield* read(reader, marker)) called = true;
    else reader.giveBack();
  }
}
