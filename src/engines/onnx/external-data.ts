/**
 * Checks an ONNX model's file before native code opens it: its messages must lie within each other and within the file,
 * and its external weights in the model's own folder. A downloaded model could name any file of this machine.
 * https://github.com/onnx/onnx/blob/main/docs/ExternalData.md
 */
import { realpathSync } from "node:fs";
import { dirname, isAbsolute, join } from "node:path";
import { belongsTo } from "../../base/path.ts";
import { stampOf } from "../../base/stamp.ts";
import { Cursor, withFile } from "../bytes.ts";
import type { ByteSource } from "../bytes.ts";
import type { WeightsFile } from "../engine.ts";

type Kind =
  | "model"
  | "training"
  | "function"
  | "graph"
  | "node"
  | "attribute"
  | "sparse"
  | "tensor"
  | "entry";

/** Fields of a message that lead to a tensor, by the numbers of onnx.proto. */
const children: Readonly<Record<Kind, Readonly<Record<number, Kind>>>> = {
  model: { 7: "graph", 20: "training", 25: "function" },
  training: { 1: "graph", 2: "graph" },
  function: { 7: "node", 11: "attribute" },
  graph: { 1: "node", 5: "tensor", 15: "sparse" },
  node: { 5: "attribute" },
  attribute: {
    5: "tensor",
    6: "graph",
    10: "tensor",
    11: "graph",
    22: "sparse",
    23: "sparse",
  },
  sparse: { 1: "tensor", 2: "tensor" },
  tensor: { 13: "entry" },
  entry: {},
};

/** A node's `op_type`. */
const operatorField = 4;

/** Maximum depth of nested graphs: real ones have two or three. */
const maxDepth = 64;
const maxTextBytes = 4096;

/** Keeps a byte order mark: a key that begins with one is another key. */
const text = new TextDecoder("utf-8", { ignoreBOM: true });

/** Location of a tensor's bytes outside the model's file. */
interface External {
  readonly location: string;
  readonly offset: number;
  /** Undefined if it extends to the file's end. */
  readonly length: number | undefined;
}

/** Facts from a model's file. */
export interface ModelFacts {
  /** All tensors outside the file. */
  readonly external: readonly External[];
  /** The types of all operators, those in nested graphs included. */
  readonly operators: ReadonlySet<string>;
}

export interface ModelFile extends ModelFacts {
  readonly weights: readonly WeightsFile[];
}

/** Throws an Error that says what is wrong with the model, without folders. Returns the files of its weights. */
export function checkModelFile(path: string): ModelFile {
  const own = { path, stamp: stampOf(path) };
  const facts = withFile(path, readModel);
  const byFile = Map.groupBy(facts.external, ({ location }) => location);
  const others = [...byFile].map(([location, parts]) => {
    const file = join(dirname(path), location);
    const stamp = stampOf(file);
    checkLocation(dirname(path), location, parts);
    return { path: file, stamp };
  });
  return { ...facts, weights: [own, ...others] };
}

function checkLocation(folder: string, location: string, parts: readonly External[]): void {
  const refuse = (why: string): never => {
    throw new Error(
      `the model keeps weights in a file that ${why}; export it again into one folder`,
    );
  };
  const steps = location.split(/[/\\]/);
  if (location === "" || location.includes("\0")) refuse("has no name");
  if (isAbsolute(location) || /^[A-Za-z]:/.test(location) || steps.includes("..")) {
    refuse("lies outside its folder");
  }
  const file = join(folder, location);
  const bytes = withFile(file, (source) => source.bytes);
  if (!belongsTo(realpathSync(folder), realpathSync(file))) refuse("is a link out of its folder");
  if (parts.some(({ offset, length = 0 }) => !(offset + length <= bytes))) {
    refuse("is cut short: it has fewer bytes than its tensors need");
  }
}

export function readModel(source: ByteSource): ModelFacts {
  const walk = new Walk(source);
  const hasGraph = walk.message("model", { start: 0, end: source.bytes, depth: 0 }).has(7);
  if (hasGraph) return walk;
  throw new Error("the model's file is not an ONNX model; fetch it or export it again");
}

interface Range {
  readonly start: number;
  readonly end: number;
  readonly depth: number;
}

/** Collects facts while it walks a file. */
class Walk implements ModelFacts {
  readonly external: External[] = [];
  readonly operators = new Set<string>();
  readonly #source: ByteSource;

  constructor(source: ByteSource) {
    this.#source = source;
  }

  /** Reads the fields of a message, and its messages that lead to tensors. Returns the field numbers. */
  message(kind: Kind, { start, end, depth }: Range): ReadonlySet<number> {
    if (depth > maxDepth) throw damaged();
    const cursor = new Cursor(this.#source, { start, end }, damaged);
    const seen = new Set<number>();
    const entries = new Map<string, string>();
    while (cursor.position < end) {
      const tag = tagOf(cursor);
      const field = Math.floor(tag / 8);
      seen.add(field);
      const length = lengthOf(cursor, tag % 8);
      const child = tag % 8 === 2 ? children[kind][field] : undefined;
      const range = { start: cursor.position, end: cursor.position + length, depth: depth + 1 };
      if (kind === "node" && field === operatorField && length <= maxTextBytes) {
        this.operators.add(text.decode(cursor.take(length)));
      } else cursor.skip(length);
      if (child === "entry") this.#entry(range, entries);
      else if (child !== undefined) this.message(child, range);
    }
    if (entries.size > 0) this.external.push(externalOf(entries));
    return seen;
  }

  /** A pair of texts: both fields have a length. */
  #entry({ start, end }: Range, entries: Map<string, string>): void {
    const cursor = new Cursor(this.#source, { start, end }, damaged);
    const texts = new Map<number, string>();
    while (cursor.position < end) {
      const tag = tagOf(cursor);
      const length = lengthOf(cursor, tag % 8);
      if (length > maxTextBytes) throw damaged();
      texts.set(Math.floor(tag / 8), text.decode(cursor.take(length)));
    }
    const key = texts.get(1) ?? "";
    if (entries.has(key)) throw damaged();
    entries.set(key, texts.get(2) ?? "");
  }
}

function externalOf(entries: ReadonlyMap<string, string>): External {
  const number = (key: string): number | undefined => {
    const text = entries.get(key);
    if (text === undefined) return undefined;
    if (!/^\d{1,15}$/.test(text)) throw damaged();
    return Number(text);
  };
  return {
    location: entries.get("location") ?? "",
    offset: number("offset") ?? 0,
    length: number("length"),
  };
}

/** Number of bytes of a field's value after its tag, or of its length prefix. */
function lengthOf(cursor: Cursor, wireType: number): number {
  switch (wireType) {
    case 0:
      varint(cursor);
      return 0;
    case 1:
      return 8;
    case 2: {
      const length = varint(cursor);
      cursor.expect(length);
      return length;
    }
    case 5:
      return 4;
    default:
      throw damaged();
  }
}

/**
 * Field number and wire type. Protobuf's own readers take a tag modulo 2^32, so ONNX Runtime would read a larger one as
 * another field.
 */
function tagOf(cursor: Cursor): number {
  const tag = varint(cursor);
  if (tag < 8 || tag >= 2 ** 32) throw damaged();
  return tag;
}

/** Inexact above 2^53, but too large for a length anyway. */
function varint(cursor: Cursor): number {
  let value = 0;
  for (let place = 0; place < 10; place++) {
    const [byte = 0] = cursor.take(1);
    value += (byte & 0x7f) * 2 ** (7 * place);
    if (byte < 0x80) return value;
  }
  throw damaged();
}

function damaged(): Error {
  return new Error("the model's file is cut short or damaged; fetch it or export it again");
}
