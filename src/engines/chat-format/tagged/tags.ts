/**
 * Calls whose arguments stand between tags, one by one and without quotes. Families differ in the tags. White space
 * between tags is no part of anything.
 */
import type { Tool } from "../../jobs.ts";
import type { Give, Reader, Reading } from "../reader.ts";
import { ValueSchema } from "./schema-types.ts";
import { inString, isText, jsonOf, quoted } from "./values.ts";

export interface Tags {
  /** Before the name of a call, such as `<function=`. */
  readonly call: string;
  /** After the name; empty where it ends at the next tag. */
  readonly nameEnd: string;
  /** Where the call's own tag ends, when more than the name may stand in it. */
  readonly callOpen?: string;
  readonly callEnd: string;
  /** Before the name of an argument. */
  readonly key: string;
  readonly keyEnd: string;
  /** Between an argument's name and its value; what stands before it is an attribute. Empty: nothing does. */
  readonly value: string;
  readonly valueEnd: string;
  /** Whether a value stands in lines of its own. */
  readonly inLines?: boolean;
  /** Around a value that may contain tags, where the model chooses so. */
  readonly quotes?: readonly [open: string, close: string];
  /** What a call's tag has after the name, in Lark. */
  readonly callAttributes?: string;
  /** What an argument's tag has after its name. */
  readonly keyAttributes?: (schema: ValueSchema) => string;
  /** Whether the attributes say that a value is text; undefined: they do not say. */
  readonly textBy?: (attributes: string) => boolean | undefined;
}

/** Reads a call, after its first tag or its name. False: the text has ended before it had a name. */
export function* readCall(
  reader: Reader,
  tags: Tags,
  tools: readonly Tool[],
  known?: string,
): Reading<boolean> {
  const name = known ?? (yield* nameOf(reader, tags));
  if (name === undefined) return false;
  const tool = tools.find((one) => one.name === name);
  const schema = tool === undefined ? ValueSchema.any : ValueSchema.ofTool(tool);
  reader.call(name);
  reader.arguments("{");
  let before = "";
  while ((yield* reader.peek()) !== undefined) {
    const tag = yield* reader.take(tags.key, tags.callEnd);
    if (tag === tags.callEnd) {
      reader.arguments("}");
      break;
    }
    if (tag === tags.key) {
      yield* readArgument(reader, { tags, schema, before });
      before = ",";
    } else {
      // What is no tag is not read; it is white space where a model writes as it should.
      yield* beforeTag(reader, tags, () => undefined);
    }
  }
  return true;
}

function* nameOf(reader: Reader, tags: Tags): Reading<string | undefined> {
  const parts: string[] = [];
  if (tags.nameEnd === "") {
    yield* beforeTag(reader, tags, (text) => parts.push(text));
    return (yield* reader.peek()) === undefined ? undefined : parts.join("").trim();
  }
  const end = yield* reader.until([tags.nameEnd], (text) => parts.push(text));
  if (end === undefined) return undefined;
  if (tags.callOpen !== undefined) yield* reader.until([tags.callOpen], () => undefined);
  return parts.join("").trim();
}

/** Gives the text before the next tag of a call, and takes none. */
function* beforeTag(reader: Reader, { key, callEnd }: Tags, give: Give): Reading {
  for (;;) {
    yield* reader.while(/[^<]/, give);
    if ((yield* reader.peek()) === undefined || (yield* reader.sees(key, callEnd))) return;
    give((yield* reader.take("<")) ?? "");
  }
}

interface Argument {
  readonly tags: Tags;
  readonly schema: ValueSchema;
  readonly before: string;
}

function* readArgument(reader: Reader, { tags, schema, before }: Argument): Reading {
  const key = yield* reader.text((give) => reader.until([tags.keyEnd], give));
  const attributes =
    tags.value === "" ? "" : yield* reader.text((give) => reader.until([tags.value], give));
  if ((yield* reader.peek()) === undefined) return;
  reader.arguments(`${before}${quoted(key.trim())}:`);
  const value = schema.property(key.trim());
  const text = tags.textBy?.(attributes) ?? isText(value);
  if (text) {
    reader.arguments('"');
    if (yield* readValue(reader, tags, (part) => reader.arguments(inString(part)))) {
      reader.arguments('"');
    }
    return;
  }
  const parts: string[] = [];
  if (!(yield* readValue(reader, tags, (part) => parts.push(part)))) return;
  reader.arguments(jsonOf(parts.join(""), value));
}

/** Gives a value up to its end, and takes the end. False: the text has ended before. */
function* readValue(reader: Reader, tags: Tags, give: Give): Reading<boolean> {
  if (tags.quotes !== undefined && (yield* reader.take(tags.quotes[0])) !== undefined) {
    const whole = (yield* reader.until([tags.quotes[1]], give)) !== undefined;
    yield* reader.space();
    yield* reader.take(tags.valueEnd);
    return whole;
  }
  const inLines = tags.inLines === true && (yield* reader.take("\n")) !== undefined;
  const ends = inLines ? [`\n${tags.valueEnd}`, tags.valueEnd] : [tags.valueEnd];
  for (;;) {
    const end = yield* reader.until(ends, give);
    if (end === undefined) return false;
    // An end that no tag follows is part of the value.
    const space = yield* reader.space();
    if (yield* ended(reader, tags)) return true;
    give(end + space);
  }
}

function* ended(reader: Reader, { key, callEnd }: Tags): Reading<boolean> {
  return (yield* reader.peek()) === undefined || (yield* reader.sees(key, callEnd));
}
