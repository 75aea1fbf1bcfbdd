/** Models in GGUF files that give a vector or scores of each text: jobs are those of ONNX models, libllama computes. */
import { systemClock } from "../../../base/clock.ts";
import type { Engine, ModelInfo, ModelSource } from "../../engine.ts";
import { purposeOf } from "../../gguf-purpose.ts";
import { ranking } from "../../texts/cosine-ranker.ts";
import { Embedder } from "../../texts/embedder.ts";
import { noPrompt, unknownPrompt } from "../../texts/prompt.ts";
import type { Tokens } from "../../texts/unread.ts";
import { warmUp } from "../../texts/warm-up.ts";
import { refuseGenerationOptions } from "../options.ts";
import { answerWith } from "../questions.ts";
import { openTokenizer, type Tokenizer } from "../tokenizer.ts";
import { assertBytes, readTrials } from "../trial.ts";
import { embedRole } from "./embed.ts";
import { encodeWith } from "./encode-with.ts";
import { PooledModel, type PooledParts } from "./model.ts";
import type { Role } from "./role.ts";
import { scoreRole } from "./scores.ts";

/** Jobs that the engine holds at once: with more jobs, more texts of one length are found. */
const defaultSlots = 64;

export async function openPooled(parts: PooledParts): Promise<Engine> {
  const { library, source, host } = parts;
  const role = roleOf(parts);
  refuseGenerationOptions(source.options);
  const model = new PooledModel(parts, role.pooling);
  try {
    assertBytes(library, model.vocab);
    const tokenizer = openTokenizer(library, model.vocab);
    readTrials(tokenizer);
    const { contextLength, cutFrom } = model.plan;
    const tokens = role.openTokens(tokenizer, contextLength);
    const warm = await warmUp({
      compute: (texts) => Promise.resolve(model.compute(texts.map(({ ids }) => ids))),
      ...(await readTrialTexts(role, tokens, contextLength)),
      ...(role.isSame !== undefined && { isSame: role.isSame }),
      highestId: tokenizer.vocabularySize - 1,
      now: () => host.now(),
    });
    const batching = warm.mixesTexts || parts.facts.isQuantised ? "alone" : "together";
    if (cutFrom !== undefined) host.log("info", describeCut(contextLength, cutFrom));
    const tasks = role.tasks({ outputs: warm.dimensions, batching });
    const engine = new Embedder({
      info: { ...infoOf(source, { model, tokenizer, version: library.version }), tasks },
      tokens,
      promptOf: (name = "") => {
        if (name === "") return noPrompt;
        throw unknownPrompt();
      },
      encode: encodeWith(model, host, batching),
      valueOf: role.valueOf,
      answer: (question) =>
        // A promise, so that what it throws is the question's.
        Promise.resolve().then(() =>
          question.kind === "prepareConstraint" || question.kind === "prepareTools"
            ? undefined
            : answerWith({ tokenizer, chat: undefined, contextLength }, question),
        ),
      close: () => Promise.resolve().then(() => model.close()),
      threads: source.threads,
      speed: warm.speed,
      clock: { now: () => host.now(), after: systemClock.after },
    });
    return ranking(engine, parts.options.rerank);
  } catch (thrown) {
    model.close();
    throw thrown;
  }
}

function roleOf(parts: PooledParts): Role {
  const { facts, options } = parts;
  return purposeOf(facts, options.pooling) === "score" ? scoreRole(facts) : embedRole(parts);
}

/** A short text, and one of as many tokens as the model takes. */
async function readTrialTexts({ trialOf }: Role, tokens: Tokens, contextLength: number) {
  const long = "a word, and 1 more; ".repeat(1 + contextLength);
  const [usual, longest] = await tokens.read(["a", long].map(trialOf));
  return { usual: usual?.ids ?? [], longest: longest?.ids ?? [] };
}

interface Opened {
  readonly model: PooledModel;
  readonly tokenizer: Tokenizer;
  readonly version: string;
}

function infoOf(
  source: ModelSource,
  { model, tokenizer, version }: Opened,
): Omit<ModelInfo, "tasks"> {
  return {
    contextLength: model.plan.contextLength,
    vocabularySize: tokenizer.vocabularySize,
    license: model.license,
    slots: source.maxSequences ?? defaultSlots,
    weights: model.weights,
    libraries: [{ name: "llama.cpp", version }],
  };
}

const describeCut = (tokens: number, cutFrom: number): string =>
  `texts are taken up to ${tokens} tokens of the model's own ${cutFrom}; limits.context_length in its manifest raises it`;
