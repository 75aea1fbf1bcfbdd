/**
 * What a GGUF file is for, by its metadata and the names of its tensors: text, vectors of texts, or scores of them.
 */
import { type ByteSource, withFile } from "./bytes.ts";
import { checkTensors } from "./gguf-tensors.ts";
import { type GgufHeader, parseGguf, summarise } from "./gguf.ts";
import { mostLabels } from "./sequence-classifier.ts";
import type { Task } from "./tasks.ts";

/** How the vectors of a text's tokens become one, by its number in `llama.h`; `rank` makes them scores. */
export const poolings = ["none", "mean", "cls", "last", "rank"] as const;

export type GgufPooling = (typeof poolings)[number];

/** A file as far as its purpose depends on it. */
export interface GgufFacts {
  readonly header: GgufHeader;
  readonly architecture: string;
  /** Undefined where the file states none. */
  readonly pooling: GgufPooling | undefined;
  /** Of the scores, in their order; empty where the file names none. */
  readonly labels: readonly string[];
  /** The text in which a query and a document are read, with `{query}` and `{document}`. */
  readonly rerankTemplate: string | undefined;
  /** The shapes of the tensors that scores and token types are made by. */
  readonly heads: ReadonlyMap<string, readonly number[]>;
  /** Whether some of its weights are not floats. */
  readonly isQuantised: boolean;
}

/** Throws a GgufError, or what the file system says. */
export const readGgufFacts = (path: string): GgufFacts => withFile(path, factsOf);

function factsOf(source: ByteSource): GgufFacts {
  const labels: string[] = [];
  const heads = new Map<string, readonly number[]>();
  const header = parseGguf(source, (key, text) => {
    if (!key.endsWith(".classifier.output_labels") || labels.length > mostLabels) return;
    labels.push(new TextDecoder().decode(text));
  });
  // The first part of a split file may hold no weights.
  let isQuantised = header.tensors === 0;
  checkTensors(source, header, (tensor) => {
    isQuantised ||= tensor.isQuantised;
    if (headNames.has(tensor.name)) heads.set(tensor.name, tensor.shape);
  });
  const { architecture } = summarise(header);
  const number = header.metadata.get(`${architecture}.pooling_type`);
  const template = header.metadata.get("tokenizer.chat_template.rerank");
  return {
    header,
    architecture,
    pooling: typeof number === "number" ? poolings[number] : undefined,
    labels,
    rerankTemplate: typeof template === "string" ? template : undefined,
    heads,
    isQuantised,
  };
}

const headNames: ReadonlySet<string> = new Set([
  ...["cls.weight", "cls.output.weight", "token_types.weight"],
]);

export type GgufPurpose = "generate" | "embed" | "score";

type Known = Pick<GgufFacts, "architecture" | "pooling" | "heads">;

/** `stated`: the pooling that a manifest states. */
export function purposeOf(facts: Known, stated?: GgufPooling): GgufPurpose {
  const pooling = poolingOf(facts, stated);
  if (pooling === "rank") return "score";
  return pooling === "none" && !encoders.test(facts.architecture) ? "generate" : "embed";
}

/** Converters do not say of a model that scores how it pools; its tensors do. */
export function poolingOf({ pooling = "none", heads }: Known, stated?: GgufPooling): GgufPooling {
  if (stated !== undefined) return stated;
  return pooling === "none" && heads.has("cls.output.weight") ? "rank" : pooling;
}

/** Architectures that write no text, whose files need not state how they pool. */
const encoders = /bert|embedding|^llama-embed$|^t5encoder$/;

/** The task of a file without a manifest. */
export function ggufTask(facts: GgufFacts): Task {
  const purpose = purposeOf(facts);
  if (purpose !== "score") return purpose;
  return ranks(facts) ? "rerank" : "classify";
}

/** One score ranks, as does the template's: the probability of its first label. More are of classes. */
export const ranks = ({ labels, rerankTemplate }: GgufFacts): boolean =>
  labels.length <= 1 || rerankTemplate !== undefined;
