/** Evaluates expressions. */
import { filterOf } from "./filters.ts";
import type { Binary, Call, Expression, Filter, Member, Node } from "./nodes.ts";
import { itemOf, operate, sliceOf } from "./operators.ts";
import type { Scope } from "./scope.ts";
import { methodOf } from "./strings.ts";
import { testOf } from "./tests.ts";
import {
  Callable,
  Float,
  isDict,
  isTrue,
  itemsOf,
  Namespace,
  numberOf,
  TemplateFault,
  Tuple,
} from "./values.ts";
import type { Arguments, Value } from "./values.ts";

export function evaluate(node: Node, scope: Scope): Value {
  const { type } = node;
  if (type === "StringLiteral" || type === "IntegerLiteral") return node.value;
  if (type === "Identifier") return scope.get(node.value);
  if (type === "MemberExpression") return member(node, scope);
  if (type === "CallExpression") return call(node, scope);
  if (type === "BinaryExpression") return binary(node, scope);
  if (type === "FilterExpression") {
    return filtered(evaluate(node.operand, scope), node.filter, scope);
  }
  if (type === "TestExpression") {
    const test = testOf(node.test.value);
    return test(evaluate(node.operand, scope), undefined) !== node.negate;
  }
  return evaluateRarer(node, scope);
}

function evaluateRarer(node: Node, scope: Scope): Value {
  const { type } = node;
  const valueOf = (part: Node) => evaluate(part, scope);
  if (type === "FloatLiteral") return new Float(node.value);
  if (type === "ArrayLiteral") return node.value.map(valueOf);
  if (type === "TupleLiteral") return new Tuple(node.value.map(valueOf));
  if (type === "ObjectLiteral") {
    return new Map([...node.value].map(([key, value]) => [valueOf(key), valueOf(value)]));
  }
  if (type === "UnaryExpression") return unary(node, scope);
  if (type === "SelectExpression")
    return isTrue(valueOf(node.test)) ? valueOf(node.lhs) : undefined;
  if (type === "Ternary") {
    return valueOf(isTrue(valueOf(node.condition)) ? node.trueExpr : node.falseExpr);
  }
  throw new TemplateFault(`${type} is no expression`);
}

function unary(node: Extract<Expression, { type: "UnaryExpression" }>, scope: Scope): Value {
  const value = evaluate(node.argument, scope);
  if (node.operator.value === "not") return !isTrue(value);
  const number = numberOf(value);
  if (number === undefined) throw new TemplateFault("a sign precedes a value that is not a number");
  const signed = node.operator.value === "-" ? -number : number;
  return value instanceof Float ? new Float(signed) : signed;
}

function binary({ operator, left, right }: Binary, scope: Scope): Value {
  const { value: sign } = operator;
  const a = () => evaluate(left, scope);
  if (sign === "and" || sign === "or") {
    const first = a();
    return isTrue(first) === (sign === "and") ? evaluate(right, scope) : first;
  }
  if (sign === "~" && left.type === "BinaryExpression" && left.operator.value === "+") {
    // `a + b ~ c` is `a + (b ~ c)`, which the parser does not know. If `a` is a number there are parentheses.
    const first = evaluate(left.left, scope);
    if (typeof first === "string") {
      const rest = operate("~", evaluate(left.right, scope), evaluate(right, scope));
      return operate("+", first, rest);
    }
  }
  return operate(sign, a(), evaluate(right, scope));
}

export function filtered(value: Value, filter: Filter, scope: Scope): Value {
  if (filter.type === "Identifier") return filterOf(filter.value)(value, noArguments);
  if (filter.callee.type !== "Identifier") throw new TemplateFault("a filter has no name");
  return filterOf(filter.callee.value)(value, argumentsOf(filter.args, scope));
}

const noArguments: Arguments = { positional: [], named: new Map() };

/** `a.b` looks up methods first, `a["b"]` items. */
function member({ object, property, computed }: Member, scope: Scope): Value {
  const value = evaluate(object, scope);
  if (value === undefined) throw new TemplateFault(`${nameOf(object)} is undefined`);
  if (property.type === "SliceExpression") {
    const at = (bound: Node | undefined) => bound && evaluate(bound, scope);
    const { start, stop, step } = property;
    return sliceOf(value, { start: at(start), stop: at(stop), step: at(step) });
  }
  const isName = !computed && property.type === "Identifier";
  return memberOf(value, isName ? property.value : evaluate(property, scope), isName);
}

function memberOf(value: Value, key: Value, isName: boolean): Value {
  if (typeof key !== "string") return itemOf(value, key);
  if (value instanceof Namespace) return value.attributes.get(key);
  const method = methodOf(value, key);
  if (method === undefined || (!isName && isDict(value) && value.has(key)))
    return itemOf(value, key);
  return new Callable(method);
}

function nameOf(node: Node): string {
  if (node.type === "Identifier") return `'${node.value}'`;
  if (node.type !== "MemberExpression" || node.property.type !== "Identifier") return "a value";
  return `'${node.property.value}'`;
}

export function call({ callee, args }: Call, scope: Scope): Value {
  const callable = evaluate(callee, scope);
  if (callable instanceof Callable) return callable.call(argumentsOf(args, scope));
  throw new TemplateFault(`${nameOf(callee)} cannot be called`);
}

export function argumentsOf(nodes: readonly Node[], scope: Scope): Arguments {
  const positional: Value[] = [];
  const named = new Map<string, Value>();
  for (const node of nodes) {
    if (node.type === "KeywordArgumentExpression") {
      named.set(node.key.value, evaluate(node.value, scope));
    } else if (node.type === "SpreadExpression") {
      positional.push(...itemsOf(evaluate(node.argument, scope)));
    } else if (node.type === "KeywordSpreadExpression") {
      const all = evaluate(node.argument, scope);
      if (!isDict(all)) throw new TemplateFault("what follows ** is no dict");
      for (const [key, value] of all) if (typeof key === "string") named.set(key, value);
    } else {
      positional.push(evaluate(node, scope));
    }
  }
  return { positional, named };
}
