/** Reads a manifest's text and remembers on which line each key stands. JSON is YAML too. */
import { isMap, isNode, isPair, isScalar, LineCounter, parseDocument } from "yaml";
import type { Document, Node } from "yaml";
import type { Problem } from "./manifest-problems.ts";

/** A manifest's values and where they stand. */
export interface ManifestText {
  readonly values: unknown;
  /** Says a problem with the file's name, its line and the field. */
  say(problem: Problem): string;
}

/** All that is wrong with one manifest: a line for each problem. */
export class ManifestError extends Error {
  override readonly name = "ManifestError";

  constructor(lines: readonly string[]) {
    super(lines.join("\n"));
  }
}

/** Throws a ManifestError for text that is not YAML. `name` is the file's, for messages. */
export function readText(text: string, name: string): ManifestText {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const at = (offset: number): string => `${name}:${lines.linePos(offset).line}:`;
  const say = ({ path, message }: Problem): string => {
    const field = path.length === 0 ? "a manifest" : path.join(".");
    return `${at(offsetOf(document, path))} ${field} ${message}`;
  };
  if (document.errors.length > 0) {
    throw new ManifestError(document.errors.map(({ pos, message }) => `${at(pos[0])} ${message}`));
  }
  try {
    return { values: document.toJS({ maxAliasCount: 20 }) as unknown, say };
  } catch {
    throw new ManifestError([`${name}: has too many aliases`]);
  }
}

/** Where a key stands; where it is missing, the nearest above it that is there. */
function offsetOf(document: Document, path: readonly string[]): number {
  let node: unknown = document.contents;
  let offset = startOf(document.contents);
  for (const key of path) {
    const pair = isMap(node)
      ? node.items.find((item) => isScalar(item.key) && String(item.key.value) === key)
      : undefined;
    if (!isPair(pair)) return offset;
    offset = isNode(pair.key) ? startOf(pair.key) : offset;
    node = pair.value;
  }
  return offset;
}

const startOf = (node: Node | null): number => node?.range?.[0] ?? 0;
