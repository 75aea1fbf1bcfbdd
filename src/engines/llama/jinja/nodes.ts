/** The syntax tree of `@huggingface/jinja`: its types, as far as they are used here. */
import { Template } from "@huggingface/jinja";
import { prepareSource } from "./source.ts";

interface Operator {
  readonly value: string;
}

export interface Name {
  readonly type: "Identifier";
  readonly value: string;
}

export interface Call {
  readonly type: "CallExpression";
  readonly callee: Node;
  readonly args: readonly Node[];
}

export interface Binary {
  readonly type: "BinaryExpression";
  readonly operator: Operator;
  readonly left: Node;
  readonly right: Node;
}

export interface Member {
  readonly type: "MemberExpression";
  readonly object: Node;
  readonly property: Node;
  readonly computed: boolean;
}

interface Slice {
  readonly type: "SliceExpression";
  readonly start?: Node;
  readonly stop?: Node;
  readonly step?: Node;
}

interface Select {
  readonly type: "SelectExpression";
  readonly lhs: Node;
  readonly test: Node;
}

interface Keyword {
  readonly type: "KeywordArgumentExpression";
  readonly key: Name;
  readonly value: Node;
}

/** A filter, with its arguments if it has some. */
export type Filter = Name | Call;

interface If {
  readonly type: "If";
  readonly test: Node;
  readonly body: readonly Node[];
  readonly alternate: readonly Node[];
}

export interface For {
  readonly type: "For";
  readonly loopvar: Node;
  readonly iterable: Node;
  readonly body: readonly Node[];
  readonly defaultBlock: readonly Node[];
}

export interface SetTo {
  readonly type: "Set";
  readonly assignee: Node;
  /** Null if the block's text is the value. */
  readonly value: Node | null;
  readonly body: readonly Node[];
}

export interface Macro {
  readonly type: "Macro";
  readonly name: Name;
  readonly args: readonly Node[];
  readonly body: readonly Node[];
}

export interface CallBlock {
  readonly type: "CallStatement";
  readonly call: Call;
  readonly callerArgs: readonly Node[] | null;
  readonly body: readonly Node[];
}

interface FilterBlock {
  readonly type: "FilterStatement";
  readonly filter: Filter;
  readonly body: readonly Node[];
}

type Statement =
  | { readonly type: "Program"; readonly body: readonly Node[] }
  | { readonly type: "Break" | "Continue" | "Comment" }
  | If
  | For
  | SetTo
  | Macro
  | CallBlock
  | FilterBlock;

export type Expression =
  | { readonly type: "StringLiteral"; readonly value: string }
  | { readonly type: "IntegerLiteral" | "FloatLiteral"; readonly value: number }
  | { readonly type: "ArrayLiteral" | "TupleLiteral"; readonly value: readonly Node[] }
  | { readonly type: "ObjectLiteral"; readonly value: ReadonlyMap<Node, Node> }
  | { readonly type: "FilterExpression"; readonly operand: Node; readonly filter: Filter }
  | {
      readonly type: "TestExpression";
      readonly operand: Node;
      readonly negate: boolean;
      readonly test: Name;
    }
  | { readonly type: "UnaryExpression"; readonly operator: Operator; readonly argument: Node }
  | {
      readonly type: "Ternary";
      readonly condition: Node;
      readonly trueExpr: Node;
      readonly falseExpr: Node;
    }
  | { readonly type: "SpreadExpression" | "KeywordSpreadExpression"; readonly argument: Node }
  | Name
  | Call
  | Binary
  | Member
  | Slice
  | Select
  | Keyword;

export type Node = Statement | Expression;

/** Parses a template as transformers parses it with jinja2. Throws the parser's errors. */
export function parseTemplate(source: string): readonly Node[] {
  const template: unknown = new Template(prepareSource(source));
  // The library declares its nodes as one class; `type` tells them apart.
  return (template as { readonly parsed: { readonly body: readonly Node[] } }).parsed.body;
}
