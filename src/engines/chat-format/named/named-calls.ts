/** Calls that have a header with the name, and then their arguments as JSON. */
import { readCalls } from "../calls.ts";
import { jsonArguments } from "../json-call.ts";
import type { Reader, Reading } from "../reader.ts";

export interface NamedCalls {
  readonly section: { readonly open: string; readonly close: string };
  readonly call: string;
  /** Between the header and the arguments. */
  readonly arguments: string;
  /** What some models write after the arguments and before the call's end. */
  readonly after?: string;
  readonly callEnd: string;
  readonly header: (text: string) => Header | undefined;
}

interface Header {
  readonly name: string;
  readonly id?: string;
}

export function namedCallMarkers({ section, call }: NamedCalls): readonly string[] {
  return [section.open, call];
}

/** Reads content and calls to the end. Some models leave out the section's tags, or a call's end. */
export function* readNamedCalls(reader: Reader, format: NamedCalls): Reading {
  yield* readCalls(reader, {
    markers: namedCallMarkers(format),
    read: (_, marker) => readNamed(reader, format, marker),
  });
}

function* readNamed(reader: Reader, format: NamedCalls, marker: string): Reading<boolean> {
  let next: string | undefined = marker;
  let called = false;
  while (next === format.section.open || next === format.call) {
    if (next === format.call && !(yield* readOne(reader, format))) return called;
    called ||= next === format.call;
    yield* reader.space();
    next = yield* reader.take(format.call, format.section.close);
  }
  return called;
}

function* readOne(reader: Reader, format: NamedCalls): Reading<boolean> {
  const parts: string[] = [];
  const end = yield* reader.until([format.arguments], (text) => parts.push(text));
  const header = end === undefined ? undefined : format.header(parts.join(""));
  if (header === undefined) return false;
  reader.call(header.name, header.id);
  yield* reader.space();
  yield* jsonArguments(reader, reader.arguments);
  yield* reader.space();
  if (format.after !== undefined) yield* reader.take(format.after);
  yield* reader.space();
  yield* reader.take(format.callEnd);
  return true;
}
