/** The JSON texts of a chat: arguments of calls, and schemas of tools. */
import type { Chat } from "../../../gen/inferd/v1/generation_service.ts";
import { scanObject, stride } from "../validation/json-scan.ts";
import { pathOf } from "../validation/messages.ts";
import type { Report } from "../validation/report.ts";

/** Characters that are checked with the rest of the request; a chat with more is checked by `checkAllJson`. */
const mostAtOnce = stride;

interface JsonText {
  readonly at: string;
  readonly text: string;
  readonly isSchema: boolean;
}

/** Checks the first texts, and no more than takes a moment. */
export function checkSomeJson(chat: Chat, at: string, report: Report): void {
  let read = 0;
  for (const characters of scan(chat, at, report)) {
    read += characters;
    if (read > mostAtOnce) return;
  }
}

/** Checks what was left, in turns that let others go on. */
export async function checkAllJson(chat: Chat, at: string, report: Report): Promise<void> {
  const size = textsOf(chat, at).reduce((sum, { text }) => sum + text.length, 0);
  if (size <= mostAtOnce) return;
  let read = 0;
  for (const characters of scan(chat, at, report)) {
    read += characters;
    if (read < stride) continue;
    read = 0;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** Gives how many characters it has read since it was asked last. */
function* scan(chat: Chat, at: string, report: Report): Generator<number, void> {
  for (const { at: place, text, isSchema } of textsOf(chat, at)) {
    const scanning = scanObject(text);
    let next = scanning.next();
    for (; next.done !== true; next = scanning.next()) yield stride;
    const fault = next.value ?? (isSchema ? faultOfSchema(text) : undefined);
    if (fault !== undefined) report.add(place, "MALFORMED", fault);
    yield text.length % stride;
  }
}

/** What is empty was refused before, or stands for no arguments. */
function textsOf({ messages, tools }: Chat, at: string): readonly JsonText[] {
  const schemas = tools.map(({ kind }, index) => ({
    at: `${pathOf(at, "tools")}[${index}].function.parameters_schema`,
    text: kind?.value.parametersSchema ?? "",
    isSchema: true,
  }));
  const calls = messages.flatMap(({ toolCalls }, message) =>
    toolCalls.map(({ argumentsJson }, index) => ({
      at: `${pathOf(at, "messages")}[${message}].tool_calls[${index}].arguments_json`,
      text: argumentsJson,
      isSchema: false,
    })),
  );
  return [...schemas, ...calls].filter(({ text }) => text !== "");
}

function faultOfSchema(text: string): string | undefined {
  const schema = JSON.parse(text) as { readonly type?: unknown };
  const isOfObjects = schema.type === undefined || schema.type === "object";
  return isOfObjects
    ? undefined
    : 'must be a JSON Schema of an object: its "type" must be "object"';
}
