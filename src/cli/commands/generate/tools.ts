/** What the flags of `inferd generate` say of a chat beyond its messages: tools, and arguments of the template. */
import {
  type Chat,
  type ToolChoice,
  ToolMode,
} from "../../../../gen/inferd/v1/generation_service.ts";
import { UsageError } from "../../failure.ts";
import { readFlagFile } from "../../flag-file.ts";

export interface ToolFlags {
  readonly tools?: string;
  readonly toolChoice?: string;
  readonly templateArg: readonly string[];
}

type ChatParts = Pick<Chat, "tools" | "templateArguments"> & { readonly toolChoice?: ToolChoice };

export function chatPartsOf({ tools, toolChoice, templateArg }: ToolFlags): ChatParts {
  return {
    tools: tools === undefined ? [] : readTools(readFlagFile("--tools", tools).toString()),
    ...(toolChoice !== undefined && { toolChoice: choiceOf(toolChoice) }),
    ...(templateArg.length > 0 && {
      templateArguments: Object.fromEntries(templateArg.map(argumentOf)),
    }),
  };
}

const modes: ReadonlyMap<string, ToolMode> = new Map([
  ["auto", ToolMode.AUTO],
  ["none", ToolMode.NONE],
  ["required", ToolMode.REQUIRED],
]);

function choiceOf(text: string): ToolChoice {
  const mode = modes.get(text);
  if (mode !== undefined) return { kind: { $case: "mode", value: mode } };
  return { kind: { $case: "functionName", value: text } };
}

/** `name=value`: the value is JSON, or else text. */
function argumentOf(text: string): readonly [string, unknown] {
  const at = text.indexOf("=");
  if (at < 1) throw new UsageError("--template-arg must be name=value");
  const value = text.slice(at + 1);
  try {
    return [text.slice(0, at), JSON.parse(value)];
  } catch {
    return [text.slice(0, at), value];
  }
}

const form =
  "--tools must be JSON of a list of tools as OpenAI's API takes them, or of functions with name, description and parameters";

/** Functions as OpenAI's API takes them, each within its tool or bare; one, or a list. */
function readTools(text: string): Chat["tools"] {
  const read = parsed(text);
  return (Array.isArray(read) ? read : [read]).map(toolOf);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new UsageError(form);
  }
}

function toolOf(tool: unknown): Chat["tools"][number] {
  const { name, description = "", parameters } = recordOf(recordOf(tool)["function"] ?? tool);
  if (typeof name !== "string" || typeof description !== "string") throw new UsageError(form);
  const parametersSchema = parameters === undefined ? "" : JSON.stringify(parameters);
  return { kind: { $case: "function", value: { name, description, parametersSchema } } };
}

function recordOf(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null) throw new UsageError(form);
  return value as Readonly<Record<string, unknown>>;
}
