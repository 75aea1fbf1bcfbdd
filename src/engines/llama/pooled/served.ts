/** Which files' numbers are known to be those of their authors' libraries; others are refused. Pure. */
import { type GgufFacts, type GgufPooling, poolingOf } from "../../gguf-purpose.ts";
import { mostLabels } from "../../sequence-classifier.ts";

/** Encoders whose vectors were compared with those of sentence-transformers. */
const knownEncoders: ReadonlySet<string> = new Set(["bert", "nomic-bert"]);

/** Others that only encode, by their names: their vectors were compared with nothing. */
const otherEncoder = /bert|embedding|^llama-embed$|encoder$/;

/** Throws an Error for a file whose vectors are not known to be right. */
export function vectorPooling(facts: GgufFacts, stated: GgufPooling | undefined): GgufPooling {
  const { architecture } = facts;
  if (!knownEncoders.has(architecture) && otherEncoder.test(architecture)) {
    throw new Error(
      `the model is of architecture ${architecture}, whose vectors the llama engine does not compute: serve it in ONNX`,
    );
  }
  const pooling = poolingOf(facts, stated);
  if (pooling !== "none") return pooling;
  throw new Error(
    "the model's file states no pooling, so it gives a vector for each token and none of a text: state options.pooling in its manifest (mean, cls or last), as its authors use it",
  );
}

export interface ScoringHead {
  readonly labels: readonly string[];
  /** Whether its first number is a probability as it is. */
  readonly isProbability: boolean;
}

/** Throws an Error for a file whose scores are not known to be right. */
export function scoringHead(facts: GgufFacts): ScoringHead {
  const { architecture, labels, heads } = facts;
  const outputs = rowsOf(heads, "cls.output.weight");
  if (outputs === undefined) {
    throw new Error(
      "the model's file has no layer that gives scores (cls.output): convert it again",
    );
  }
  // The library gives one number where the file names no labels.
  if (outputs !== Math.max(1, labels.length) || labels.length > mostLabels) {
    throw new Error(
      `the model's file names ${labels.length} labels, and its layer gives ${outputs} scores: convert it again`,
    );
  }
  const isProbability = isYesOrNo(facts);
  if (!isProbability && !isRoberta(facts)) {
    throw new Error(
      `the model is of architecture ${architecture}, and llama.cpp does not compute the scores of such a model as its authors do: serve it in ONNX`,
    );
  }
  return { labels: labels.length === 0 ? ["LABEL_0"] : labels, isProbability };
}

/**
 * RoBERTa and XLM-RoBERTa have a layer before their scores, and one type of tokens. Of BERT, converters leave out such
 * a layer, and the library takes all tokens to be of the first type. Of DistilBERT, which has no types, it takes another
 * function.
 */
const isRoberta = ({ architecture, heads }: GgufFacts): boolean =>
  architecture === "bert" && heads.has("cls.weight") && rowsOf(heads, "token_types.weight") === 1;

/** Qwen3's rerankers: the library computes how likely "yes" is, of "yes" and "no". */
const isYesOrNo = ({ architecture, labels, rerankTemplate }: GgufFacts): boolean =>
  architecture === "qwen3" && labels.length === 2 && rerankTemplate !== undefined;

function rowsOf(heads: GgufFacts["heads"], name: string): number | undefined {
  const shape = heads.get(name);
  return shape === undefined ? undefined : (shape[1] ?? 1);
}
