/** Holds completions to the calls of their tools. */
import { createHash } from "node:crypto";
import { ServeError } from "../../base/errors.ts";
import { tooCostly } from "../constraint/refusal.ts";
import type { ConstraintCompiler } from "../constraint/compiler.ts";
import type { Matcher } from "../constraint/matcher.ts";
import type { Constraint } from "../engine.ts";
import type { MatcherSource } from "./preparing.ts";
import { type Calls, grammarOf, type GrammarParts, schemasOf } from "./tool-grammar.ts";

type Compiler = Pick<ConstraintCompiler, "prepare" | "matcher">;

/** Schemas whose answer is remembered. */
const mostRemembered = 1024;
/** Schemas of one call that are compiled; more are not enforced. */
const mostSchemas = 512;
/** Of one call's schemas: each that takes too long has kept other calls waiting for seconds. */
const mostCostly = 2;

/** By schema, as text: whether it can be enforced. */
type Schemas = Map<string, boolean>;

/** Owns what is known of the schemas of tools. */
export class ToolConstraints {
  readonly #compiler: Compiler;
  readonly #parts: GrammarParts;
  readonly #known: Schemas = new Map();

  constructor(compiler: Compiler, parts: GrammarParts) {
    this.#compiler = compiler;
    this.#parts = parts;
  }

  /** Finds out which schemas can be enforced: compiles those that are not known yet. */
  async prepare(calls: Calls): Promise<Schemas> {
    const found: Schemas = new Map();
    let costly = 0;
    for (const schema of schemasOf(calls, this.#parts).slice(0, mostSchemas)) {
      let isEnforced = this.#known.get(digestOf(schema));
      if (isEnforced === undefined) {
        const compile = this.#compiler.prepare({ kind: "json_schema", schema });
        const refusal = await refusalOf(compile);
        isEnforced = refusal === undefined;
        if (refusal?.includes(tooCostly) === true) costly += 1;
        if (costly > mostCostly) throw invalid("chat.tools", `their schemas: ${tooCostly}`);
        this.#remember(schema, isEnforced);
      }
      found.set(schema, isEnforced);
    }
    return found;
  }

  /**
   * Undefined where nothing is to be enforced. Throws FIELD_INVALID where the format cannot force the calls that are asked
   * for.
   */
  source(calls: Calls): MatcherSource | undefined {
    const { choice } = calls;
    if (choice.kind === "none") return undefined;
    if (grammarOf(calls, this.#parts, () => false) === undefined) {
      if (choice.kind === "auto") return undefined;
      const { name } = this.#parts.format;
      const description = `calls cannot be forced in the model's chat format, ${name}: use TOOL_MODE_AUTO`;
      throw invalid("chat.tool_choice", description);
    }
    return new ToolSource(this.#compiler, {
      schemas: schemasOf(calls, this.#parts).slice(0, mostSchemas),
      known: (schema) => this.#known.get(digestOf(schema)),
      prepare: () => this.prepare(calls),
      grammar: (isEnforced) => grammarOf(calls, this.#parts, isEnforced) ?? "",
    });
  }

  #remember(schema: string, isEnforced: boolean): void {
    this.#known.set(digestOf(schema), isEnforced);
    const [oldest] = this.#known.keys();
    if (this.#known.size > mostRemembered && oldest !== undefined) this.#known.delete(oldest);
  }
}

interface ToolSourceOptions {
  readonly schemas: readonly string[];
  /** What other calls have found out. */
  readonly known: (schema: string) => boolean | undefined;
  readonly prepare: () => Promise<Schemas>;
  readonly grammar: (isEnforced: (schema: string) => boolean) => string;
}

/** The matcher of one completion. Where all schemas together are too much, none is enforced, and calls still are. */
class ToolSource implements MatcherSource {
  readonly field = "chat.tools";
  readonly #compiler: Compiler;
  readonly #options: ToolSourceOptions;
  /** Set once it is known what can be enforced. */
  #constraint: Constraint | undefined;

  constructor(compiler: Compiler, options: ToolSourceOptions) {
    this.#compiler = compiler;
    this.#options = options;
    const { schemas, known } = options;
    const found = new Map(schemas.map((schema) => [schema, known(schema)]));
    if ([...found.values()].includes(undefined)) return;
    this.#constraint = this.#constraintWith((schema) => found.get(schema) === true);
  }

  matcher(): Matcher | undefined {
    return this.#constraint && this.#compiler.matcher(this.#constraint);
  }

  async prepare(): Promise<void> {
    const found = await this.#options.prepare();
    this.#constraint = this.#constraintWith((schema) => found.get(schema) === true);
    if ((await refusalOf(this.#compiler.prepare(this.#constraint))) === undefined) return;
    this.#constraint = this.#constraintWith(() => false);
    const refusal = await refusalOf(this.#compiler.prepare(this.#constraint));
    if (refusal !== undefined) throw invalid("chat.tools", refusal);
  }

  #constraintWith(isEnforced: (schema: string) => boolean): Constraint {
    return { kind: "grammar", syntax: "lark", text: this.#options.grammar(isEnforced) };
  }
}

const digestOf = (schema: string): string => createHash("sha256").update(schema).digest("base64");

/** Why the compiler refuses what it is asked for. */
async function refusalOf(compiled: Promise<void>): Promise<string | undefined> {
  try {
    await compiled;
    return undefined;
  } catch (thrown) {
    const { reason, message } = ServeError.from(thrown);
    if (reason === "INTERNAL") throw thrown;
    return message;
  }
}

function invalid(field: string, description: string): ServeError {
  return new ServeError("FIELD_INVALID", `${field}: ${description}`, {
    violations: [{ field, reason: "UNSUPPORTED", description }],
  });
}
