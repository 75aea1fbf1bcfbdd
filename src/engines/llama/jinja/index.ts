/**
 * Renders chat templates as transformers renders them with jinja2. `@huggingface/jinja` parses a template; this code
 * evaluates it, with Python's values. The library's own interpreter differs from jinja2 for much that templates use:
 * decision 30 lists it. What the library's parser does not support (tests with arguments, `{% with %}`, `{% do %}`) is
 * not supported here either.
 */
import { argumentsOf, call, evaluate, filtered } from "./expressions.ts";
import { globals } from "./globals.ts";
import type { CallBlock, For, Macro, Name, Node, SetTo } from "./nodes.ts";
import { Scope } from "./scope.ts";
import { textOf } from "./text.ts";
import { Callable, isTrue, itemsOf, Namespace, sequenceOf, TemplateFault } from "./values.ts";
import type { Arguments, Value } from "./values.ts";

export { Refusal } from "./globals.ts";
export { readJson } from "./json.ts";
export { parseTemplate } from "./nodes.ts";
export type { Node } from "./nodes.ts";
export { jsonEscaped } from "./text.ts";
export { TemplateFault } from "./values.ts";
export type { Value } from "./values.ts";

/** Limits of one rendering. */
export interface RenderOptions {
  /** Maximum characters of its text. */
  readonly longest: number;
  /** Called often; throws if rendering must end. */
  readonly check: () => void;
  /** The wall clock, for `strftime_now`. */
  readonly today: () => Date;
}

/** `break` and `continue` come from deep within a loop's body. */
type Exit = "break" | "continue" | undefined;

/** Renders a parsed template. */
export function renderTemplate(
  body: readonly Node[],
  values: Readonly<Record<string, Value>>,
  options: RenderOptions,
): string {
  const given = Object.entries(values);
  const scope = new Scope(new Scope(undefined, globals(options.today)), given);
  const output = new Output(options);
  run(body, scope, output);
  return output.text;
}

/** The text so far, of a template, a macro or a block. */
class Output {
  text = "";
  readonly options: RenderOptions;

  constructor(options: RenderOptions) {
    this.options = options;
  }

  write(text: string): void {
    this.text += text;
    if (this.text.length > this.options.longest) {
      throw new TemplateFault("it makes a text without bound");
    }
  }
}

function run(nodes: readonly Node[], scope: Scope, output: Output): Exit {
  for (const node of nodes) {
    output.options.check();
    const exit = step(node, scope, output);
    if (exit !== undefined) return exit;
  }
  return undefined;
}

function step(node: Node, scope: Scope, output: Output): Exit {
  const { type } = node;
  if (type === "Break") return "break";
  if (type === "Continue") return "continue";
  if (type === "If") {
    return run(isTrue(evaluate(node.test, scope)) ? node.body : node.alternate, scope, output);
  }
  if (type === "For") loop(node, scope, output);
  else if (type === "StringLiteral") output.write(node.value);
  else if (type !== "Comment") write(node, scope, output);
  return undefined;
}

/** Statements that cannot end a loop. */
function write(node: Node, scope: Scope, output: Output): void {
  const { type } = node;
  const { options } = output;
  if (type === "Set") {
    assign(node, scope, options);
  } else if (type === "Macro") {
    scope.set(node.name.value, macro(node, scope, options));
  } else if (type === "CallStatement") {
    output.write(textOf(callBlock(node, scope, options)));
  } else if (type === "FilterStatement") {
    const inner = new Output(options);
    run(node.body, new Scope(scope), inner);
    output.write(textOf(filtered(inner.text, node.filter, scope)));
  } else {
    output.write(textOf(evaluate(node, scope)));
  }
}

function loop(node: For, scope: Scope, output: Output): void {
  const { loopvar, iterable } = node;
  const [source, test] =
    iterable.type === "SelectExpression" ? [iterable.lhs, iterable.test] : [iterable, undefined];
  const all = itemsOf(evaluate(source, scope));
  const items =
    test === undefined
      ? all
      : all.filter((item) => {
          output.options.check();
          const inner = new Scope(scope);
          bind(loopvar, item, inner);
          return isTrue(evaluate(test, inner));
        });
  for (const [index, item] of items.entries()) {
    // Its body can be empty.
    output.options.check();
    const inner = new Scope(scope, [["loop", loopOf(items, index)]]);
    bind(loopvar, item, inner);
    if (run(node.body, inner, output) === "break") return;
  }
  if (items.length === 0) run(node.defaultBlock, scope, output);
}

function loopOf(items: readonly Value[], index: number): Value {
  const { length } = items;
  const loop = new Namespace();
  const facts: readonly (readonly [string, Value])[] = [
    ["index", index + 1],
    ["index0", index],
    ["revindex", length - index],
    ["revindex0", length - index - 1],
    ["first", index === 0],
    ["last", index === length - 1],
    ["length", length],
    ["depth", 1],
    ["depth0", 0],
    ["previtem", index === 0 ? undefined : items[index - 1]],
    ["nextitem", items[index + 1]],
    ["cycle", new Callable(({ positional }) => positional[index % positional.length])],
  ];
  for (const [name, value] of facts) loop.attributes.set(name, value);
  return loop;
}

/** Assigns values to a name, or to several. */
function bind(target: Node, value: Value, scope: Scope): void {
  if (target.type === "Identifier") {
    scope.set(target.value, value);
    return;
  }
  if (target.type === "MemberExpression" && target.property.type === "Identifier") {
    const object = evaluate(target.object, scope);
    if (!(object instanceof Namespace)) throw new TemplateFault("only a namespace can be changed");
    object.attributes.set(target.property.value, value);
    return;
  }
  if (target.type !== "TupleLiteral") throw new TemplateFault("this cannot be given a value");
  const parts = sequenceOf(value) ?? itemsOf(value);
  if (parts.length !== target.value.length) throw new TemplateFault("wrong number of values");
  target.value.forEach((name, index) => bind(name, parts[index], scope));
}

function assign(node: SetTo, scope: Scope, options: RenderOptions): void {
  if (node.value !== null) {
    bind(node.assignee, evaluate(node.value, scope), scope);
    return;
  }
  const { assignee } = node;
  const inner = new Output(options);
  run(node.body, new Scope(scope), inner);
  if (assignee.type !== "FilterExpression") {
    bind(assignee, inner.text, scope);
    return;
  }
  bind(assignee.operand, filtered(inner.text, assignee.filter, scope), scope);
}

type Body = Pick<Macro, "args" | "body">;

function macro({ args, body }: Body, scope: Scope, options: RenderOptions): Callable {
  return new Callable((given) => {
    options.check();
    const inner = new Scope(scope);
    bindArguments(args, given, inner);
    const output = new Output(options);
    run(body, inner, output);
    return output.text;
  });
}

function bindArguments(parameters: readonly Node[], given: Arguments, scope: Scope): void {
  const named = new Map(given.named);
  scope.set("caller", named.get("caller"));
  named.delete("caller");
  for (const [index, parameter] of parameters.entries()) {
    const { name, otherwise } = parameterOf(parameter);
    const isGiven = index < given.positional.length || named.has(name);
    const value = index < given.positional.length ? given.positional[index] : named.get(name);
    scope.set(name, isGiven || otherwise === undefined ? value : evaluate(otherwise, scope));
    named.delete(name);
  }
  scope.set("varargs", given.positional.slice(parameters.length));
  scope.set("kwargs", new Map<Value, Value>(named));
}

function parameterOf(node: Node): { readonly name: string; readonly otherwise?: Node } {
  if (node.type === "KeywordArgumentExpression") {
    return { name: node.key.value, otherwise: node.value };
  }
  return { name: nameOf(node).value };
}

function nameOf(node: Node): Name {
  if (node.type === "Identifier") return node;
  throw new TemplateFault("a macro's argument has no name");
}

function callBlock(node: CallBlock, scope: Scope, options: RenderOptions): Value {
  const caller = macro({ args: node.callerArgs ?? [], body: node.body }, scope, options);
  const { positional, named } = argumentsOf(node.call.args, scope);
  const callee = evaluate(node.call.callee, scope);
  if (!(callee instanceof Callable)) return call(node.call, scope);
  return callee.call({ positional, named: new Map([...named, ["caller", caller]]) });
}
