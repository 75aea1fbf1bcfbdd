/** The grammar of a chat's tool calls: the format's, with each schema that can be enforced in its place. */
import type { ChatFormat, GrammarOptions } from "../chat-format/format.ts";
import type { Tool } from "../engine.ts";
import { withOptions } from "../constraint/schema-text.ts";

/** What may be called, and what the prompt ends with. */
export type Calls = Pick<GrammarOptions, "tools" | "choice" | "parallel" | "prompted">;

export interface GrammarParts {
  readonly format: ChatFormat;
  readonly marker: GrammarOptions["marker"];
}

/** By schema, as text: whether it can be enforced. */
type Enforced = (schema: string) => boolean;

/** The schemas that a grammar has in it. */
export function schemasOf(calls: Calls, parts: GrammarParts): readonly string[] {
  const schemas = new Set<string>();
  grammarOf(calls, parts, (schema) => {
    schemas.add(schema);
    return true;
  });
  return [...schemas];
}

/** Undefined where the format has no grammar. What is not enforced is any object, or any value of an argument. */
export function grammarOf(
  calls: Calls,
  { format, marker }: GrammarParts,
  isEnforced: Enforced,
): string | undefined {
  const whole = new Map(calls.tools.map((tool) => [tool.parameters, objectSchema(tool)]));
  const json = ({ parameters }: Tool): string => {
    const object = whole.get(parameters);
    const schema = object ?? parameters;
    const loose = object === undefined ? "{}" : '{"type":"object"}';
    return `%json ${withOptions(isEnforced(schema) ? schema : loose)}`;
  };
  return format.grammar({ ...calls, marker, json });
}

const noArguments = '{"type":"object","additionalProperties":false}';

/** A schema that does not say so is of an object all the same. Numbers in it are kept as they are written. */
function objectSchema({ parameters }: Tool): string {
  if (/^\s*\{\s*\}\s*$/.test(parameters)) return noArguments;
  const { type } = JSON.parse(parameters) as { readonly type?: unknown };
  if (type !== undefined) return parameters;
  const rest = parameters.trim().slice(1).trimStart();
  return `{"type":"object"${rest === "}" ? "" : ","}${rest}`;
}
