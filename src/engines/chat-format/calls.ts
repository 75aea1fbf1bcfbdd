/** Calls among content, each after a marker. */
import type { Reader, Reading } from "./reader.ts";

export interface CallsAfter {
  /** Each begins a call. One may be another with a line break before it, which then is no content. */
  readonly markers: readonly string[];
  /** Reads a call after its marker: false if it is none, and then what was read is content. */
  readonly read: (reader: Reader, marker: string) => Reading<boolean>;
}

/** Reads to the end. Space before and after calls is the format's, where there is no other content next to it. */
export function* readCalls(reader: Reader, { markers, read }: CallsAfter): Reading {
  for (let called = false; ;) {
    const space = yield* reader.space();
    const ends = (yield* reader.peek()) === undefined ? called : yield* reader.sees(...markers);
    if (!ends) reader.content(space);
    const marker = yield* reader.until(markers, reader.content);
    if (marker === undefined) return;
    reader.keep(marker);
    const isCall = yield* read(reader, marker);
    if (isCall) called = true;
    else reader.giveBack();
  }
}
