import type { Node } from "./nodes.ts";

/** The string literals of a template. */
export interface Literals {
  readonly all: readonly string[];
  /** Those that it searches for in other texts, or compares them with. */
  readonly soughtFor: readonly string[];
}

const comparisons = new Set(["in", "not in", "==", "!="]);

export function literalsOf(body: readonly Node[]): Literals {
  const all: string[] = [];
  const soughtFor: string[] = [];
  const visit = (value: unknown, isSought: boolean): void => {
    if (value instanceof Map) {
      for (const pair of value) visit(pair, isSought);
    } else if (Array.isArray(value)) {
      for (const item of value) visit(item, isSought);
    } else if (typeof value === "object" && value !== null) {
      const node = value as Node;
      if (node.type === "StringLiteral") {
        all.push(node.value);
        if (isSought) soughtFor.push(node.value);
        return;
      }
      for (const [name, child] of Object.entries(node)) visit(child, isSought || seeks(node, name));
    }
  };
  visit(body, false);
  return { all, soughtFor };
}

/** Whether a child of a node is searched for or compared. */
function seeks(node: Node, part: string): boolean {
  if (node.type === "BinaryExpression") return comparisons.has(node.operator.value);
  if (node.type !== "CallExpression" || part !== "args") return false;
  // Arguments of string methods, and of the filter `replace`. A macro may write its arguments.
  const { callee } = node;
  return (
    callee.type === "MemberExpression" ||
    (callee.type === "Identifier" && callee.value === "replace")
  );
}
