/** Which files' numbers are known to be those of their authors' libraries; others are refused. Pure. */
import { type GgufFacts, type GgufPooling, poolingOf } from "../../gguf-purpose.ts";

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
