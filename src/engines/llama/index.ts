/**
 * Models in GGUF files, by llama.cpp's own library called through FFI: JavaScript decides what each step
 * computes, libllama computes it.
 */
import { wallMs } from "../../base/clock.ts";
import { formatNamed } from "../chat-format/index.ts";
import type {
  Engine,
  EngineHost,
  GenerationInfo,
  LoadEngine,
  ModelInfo,
  ModelSource,
} from "../engine.ts";
import { type GgufFacts, purposeOf, readGgufFacts } from "../gguf-purpose.ts";
import { ConstraintCompiler } from "../constraint/compiler.ts";
import { Batch } from "./batch.ts";
import { openChat } from "./chat.ts";
import type { OpenedChat } from "./chat.ts";
import { Generator } from "./generator.ts";
import { type Library, openLibrary } from "./library.ts";
import { findLibrary } from "./location.ts";
import { routeLog } from "./log.ts";
import { Outputs } from "./outputs.ts";
import { prefixBytesOf } from "./memory.ts";
import type { MemoryPlan } from "./memory.ts";
import { Model } from "./model.ts";
import { memoryLimit } from "../../base/memory-limit.ts";
import { type LlamaOptions, parseOptions } from "./options.ts";
import { initialCostModel } from "./step-cost.ts";
import type { StepCostModel } from "./step-cost.ts";
import type { EngineParts } from "./pooled/model.ts";
import { openPooled } from "./pooled/open.ts";
import { PrefixStore } from "./prefix-store.ts";
import { openTokenizer } from "./tokenizer.ts";
import { assertBytes, assertFinite, readTrials } from "./trial.ts";
import type { Tokenizer } from "./tokenizer.ts";

const defaultSlots = 16;
/** The limit of the library. */
const mostSlots = 256;
const warmUpTokens = 16;

export const load: LoadEngine = async (source, host) => {
  const options = parseOptions(source.options);
  const library = openLibrary(findLibrary(options.library));
  // First, because the library logs to stderr by default.
  const log = routeLog(library, quiet(source, host));
  library.start();
  const parts = { library, source, host, options, log };
  return openFor(parts, factsIn(source));
};

/** Undefined for a file that cannot be read: what is wrong with it is said when it is checked. */
function factsIn({ files }: ModelSource): GgufFacts | undefined {
  try {
    return readGgufFacts(files["model"] ?? "");
  } catch {
    return undefined;
  }
}

/** Opens what the file, or the manifest's pooling, says that the model is for. */
function openFor(parts: EngineParts, facts: GgufFacts | undefined): Engine | Promise<Engine> {
  if (facts === undefined) return openGenerator(parts);
  if (purposeOf(facts, parts.options.pooling) !== "generate") {
    return openPooled({ ...parts, facts });
  }
  if (facts.header.metadata.get("tokenizer.ggml.model") === "bert") {
    throw new Error(
      "the model's file has the vocabulary of an encoder (bert), which writes no text; fetch it or convert it again",
    );
  }
  if (parts.options.rerank !== undefined) {
    throw new Error(
      'option "rerank" is for models that embed, and this one generates: state its pooling too, if it gives vectors',
    );
  }
  return openGenerator(parts);
}

function openGenerator({ library, source, host, options, log }: EngineParts): Generator {
  const sequences = Math.min(source.maxSequences ?? defaultSlots, mostSlots, options.batchTokens);
  const model = new Model(library, { source, options, sequences, host, log });
  try {
    assertBytes(library, model.vocab);
    const tokenizer = openTokenizer(library, model.vocab);
    readTrials(tokenizer);
    const template = source.chatTemplate ?? model.chatTemplate;
    const chat = template ? openTemplate(template, source, { tokenizer, host }) : undefined;
    const { contextLength, sequences: slots } = model.memory;
    const info: ModelInfo = {
      tasks: { generate: generationInfo(chat) },
      contextLength,
      vocabularySize: tokenizer.vocabularySize,
      license: model.license,
      slots,
      weights: model.weights,
      libraries: [{ name: "llama.cpp", version: library.version }],
    };
    const store = options.prefixReuse ? openStore(model, options) : undefined;
    host.log("info", describe(model, store));
    if (model.memory.cutFrom !== undefined) host.log("info", describeCut(model.memory));
    const reader = { tokenizer, chat: chat?.reader, contextLength };
    return new Generator({
      ...{ library, model, host, info, threads: source.threads, reader },
      outputs: new Outputs(reader, openConstraints(tokenizer)),
      batchTokens: options.batchTokens,
      store,
      prefillShare: options.prefillShare,
      costs: warmUp(library, model, { tokenizer, host }),
    });
  } catch (thrown) {
    model.close();
    throw thrown;
  }
}

function generationInfo(chat: OpenedChat | undefined): GenerationInfo {
  const { reader, fault } = chat ?? {};
  return {
    chat: reader !== undefined,
    constraints: true,
    ...(fault !== undefined && { chatFault: fault }),
    ...(reader !== undefined && { chatFormat: reader.format.name }),
  };
}

function describe({ memory }: Model, store: PrefixStore | undefined): string {
  const mebibytes = Math.ceil(memory.bytes / 2 ** 20);
  const resting = Math.floor((store?.limitBytes ?? 0) / 2 ** 20);
  const { contextLength, sequences, cells, unified } = memory;
  const whose = unified ? "that share the KV cells" : "with KV cells of their own";
  return `${sequences} sequences of ${contextLength} tokens ${whose}: ${cells} cells, ${mebibytes} MiB; ${resting} MiB of host memory to remember prompts`;
}

function describeCut({ contextLength, cutFrom = 0, cells, bytes }: MemoryPlan): string {
  const mebibytes = Math.ceil((bytes / cells / 2 ** 20) * cutFrom);
  return `the context is cut from the model's own ${cutFrom} tokens to ${contextLength}, to keep the KV memory within its part of the machine's; limits.context_length in its manifest raises it (a sequence of ${cutFrom} needs ${mebibytes} MiB)`;
}

function openStore({ memory, unified }: Model, { prefixMemoryMib }: LlamaOptions): PrefixStore {
  const asked = prefixMemoryMib === undefined ? undefined : prefixMemoryMib * 2 ** 20;
  // Sequences that share one pool stay there.
  return new PrefixStore(unified ? 0 : (asked ?? prefixBytesOf(memory, memoryLimit())));
}

/** No text of a constraint has an end token in it. */
function openConstraints({ vocabularySize, ends, bytesOf }: Tokenizer): ConstraintCompiler {
  const nothing = new Uint8Array();
  return new ConstraintCompiler({
    size: vocabularySize,
    bytesOf: (token) => (ends.has(token) ? nothing : bytesOf(token)),
  });
}

/** A template that cannot be used disables only chat. */
function openTemplate(
  template: string,
  { chatFormat }: ModelSource,
  { tokenizer, host }: Opening,
): OpenedChat {
  const textOf = (token: number) => tokenizer.textOf(token);
  const tokens = { bos_token: textOf(tokenizer.bos), eos_token: textOf(tokenizer.eos) };
  const today = () => new Date(wallMs());
  const format = chatFormat === undefined ? undefined : formatNamed(chatFormat);
  if (chatFormat !== undefined && format === undefined) {
    throw new Error(`there is no chat format ${chatFormat}`);
  }
  const now = () => host.now();
  const chat = openChat(template, { tokenizer, tokens, now, today, format });
  if (chat.fault !== undefined) host.log("warn", `the model takes no chat: ${chat.fault}`);
  return chat;
}

interface Opening {
  readonly tokenizer: Tokenizer;
  readonly host: EngineHost;
}

/** Computes a few tokens: loads the weights into memory and measures first step costs. */
function warmUp(library: Library, model: Model, { tokenizer, host }: Opening): StepCostModel {
  const batch = new Batch(warmUpTokens, 1);
  const token = Math.max(0, tokenizer.bos);
  const time = (tokens: number, position: number): number => {
    batch.clear();
    const ids = new Int32Array(tokens).fill(token);
    const output = batch.add(ids, { sequence: 0, position, output: true });
    const startedAt = host.now();
    const code = model.decode(batch.struct);
    if (code !== 0) throw new Error(`llama.cpp cannot compute with the model: code ${code}`);
    const endedAt = host.now();
    const { context } = model;
    assertFinite(library, { context, output, size: tokenizer.vocabularySize });
    return endedAt - startedAt;
  };
  // The first step reads the weights from disk, so it is not measured.
  time(1, 0);
  const promptMs = time(warmUpTokens, 1);
  const decodeMs = time(1, warmUpTokens + 1);
  model.cells.remove(0, 0);
  return initialCostModel({ oneMs: decodeMs, tokens: warmUpTokens, ms: promptMs });
}

/** The library's messages quote the model's path, which clients must not see. */
function quiet(source: ModelSource, host: EngineHost): EngineHost["log"] {
  const paths = Object.values(source.files).filter((path) => path !== "");
  return (level, message) => {
    const text = paths.reduce((rest, path) => rest.replaceAll(path, source.name), message);
    host.log(level, text);
  };
}
