/** Parses a manifest and keeps the line of each key. JSON is YAML too. */
import { isMap, isNode, isPair, isScalar, LineCounter, parseDocument } from "yaml";
import type { Document, Node } from "yaml";
import type { Problem } from "./manifest-problems.ts";

/** Values of a manifest and their lines. */
export interface ManifestText {
  readonly values: unknown;
  /** Formats a problem with the file's name, its line and the field. */
  say(problem: Problem): string;
}

/** All problems of one manifest, one per line. */
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

/** The line of a key; if it is missing, that of the nearest parent that exists. */
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
