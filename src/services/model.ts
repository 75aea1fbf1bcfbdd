import { basename } from "node:path";
import {
  type GetModelRequest,
  type GetModelResponse,
  type ListModelsRequest,
  type ListModelsResponse,
  type Model,
  ModelState,
  TextBatching,
} from "../../gen/inferd/v1/model_service.ts";
import type { Sampling } from "../../gen/inferd/v1/types.ts";
import { withoutFolders } from "../base/path.ts";
import type { Handler } from "../calls/call.ts";
import type { Limits } from "../contract/limits.ts";
import { ruleOf } from "../contract/methods.ts";
import { servedTasks } from "../contract/tasks.ts";
import { Report } from "../contract/validation/report.ts";
import { validated } from "../contract/validation/validated.ts";
import type { ClassificationInfo, EmbeddingInfo } from "../engines/engine.ts";
import { tasks } from "../engines/tasks.ts";
import type { Manifest } from "../catalog/manifest.ts";
import type { Models, ModelStatus } from "../models/model.ts";
import { tasksOfModel } from "../models/model-tasks.ts";
import { modelNotFound } from "../models/resolve.ts";
import { slotsOf } from "../models/slots.ts";
import { type ModelSampling, samplingOf } from "./sampling.ts";

export interface ModelOptions {
  readonly models: Models;
  readonly limits: Limits;
}

export interface ModelHandlers {
  readonly listModels: Handler<ListModelsRequest, ListModelsResponse>;
  readonly getModel: Handler<GetModelRequest, GetModelResponse>;
}

const defaultPageSize = 100;
/** A larger page size is reduced to this: AIP-158. */
const maxPageSize = 1000;

export function modelHandlers({ models, limits }: ModelOptions): ModelHandlers {
  const rules = {
    listModels: ruleOf("inferd.v1.ModelService/ListModels", limits),
    getModel: ruleOf("inferd.v1.ModelService/GetModel", limits),
  };
  return {
    // Both answer at once; a handler's shape makes them generators.
    // eslint-disable-next-line @typescript-eslint/require-await
    listModels: validated(rules.listModels, async function* (request, { caller }) {
      const seen = models.list().filter(({ manifest }) => caller.sees(manifest.name));
      const page = pageOf(seen, request);
      yield { ...page, models: page.models.map((model) => describe(model, limits)) };
    }),
    // eslint-disable-next-line @typescript-eslint/require-await
    getModel: validated(rules.getModel, async function* ({ name }, { caller }) {
      caller.use(name);
      const model = models.find(name);
      if (model === undefined) throw modelNotFound(name);
      yield { model: describe(model, limits) };
    }),
  };
}

/** One page of a list that is ordered by name, after the name that the token stands for. */
function pageOf(
  all: readonly ModelStatus[],
  { pageSize, pageToken }: ListModelsRequest,
): { readonly models: readonly ModelStatus[]; readonly nextPageToken: string } {
  const after = readToken(pageToken);
  const left = all.filter(({ manifest }) => manifest.name > after);
  const models = left.slice(0, pageSize === 0 ? defaultPageSize : Math.min(pageSize, maxPageSize));
  const last = models.at(-1);
  const isWhole = models.length === left.length || last === undefined;
  return { models, nextPageToken: isWhole ? "" : writeToken(last.manifest.name) };
}

// A token is the last name of a page, so pages do not shift when models are added or removed. It does not
// look like a name, since callers must not rely on that.
const tokenMark = "after:";

function writeToken(name: string): string {
  return Buffer.from(tokenMark + name).toString("base64url");
}

function readToken(token: string): string {
  if (token === "") return "";
  const text = Buffer.from(token, "base64url").toString();
  if (text.startsWith(tokenMark) && writeToken(text.slice(tokenMark.length)) === token) {
    return text.slice(tokenMark.length);
  }
  const report = new Report();
  report.add(
    "page_token",
    "MALFORMED",
    "must be the next_page_token of an earlier answer, unchanged",
  );
  report.throwIfAny();
  return "";
}

const states = {
  loading: ModelState.LOADING,
  ready: ModelState.READY,
  failed: ModelState.FAILED,
  unloading: ModelState.UNLOADING,
} as const;

function describe(status: ModelStatus, limits: Limits): Model {
  const { manifest, digest, state, failure } = status;
  const served = tasksOfModel(status);
  const defaultSampling = served.some((task) => tasks[task].family === "completion")
    ? samplingMessage(samplingOf(status, limits))
    : undefined;
  return {
    ...loadedOf(status),
    ...embeddingOf(status),
    ...classificationOf(status),
    name: manifest.name,
    version: manifest.version,
    digest,
    tasks: served.map((task) => servedTasks[task].shown),
    engine: engineName(manifest.engine),
    defaultSampling,
    state: states[state],
    // An engine's or a library's own words, and the log's: they may quote where a file lies.
    failure: withoutFolders(failure, pathsOf(manifest)),
  };
}

function samplingMessage({ seed, ...sampling }: ModelSampling): Sampling {
  return { ...sampling, logitBias: {}, ...(seed !== undefined && { seed: BigInt(seed) }) };
}

function pathsOf({ engine, python, files }: Manifest): readonly string[] {
  const programs = python === undefined ? [engine] : [engine, python.command];
  return [...programs, ...Object.values(files).map(({ path }) => path)];
}

const batchings = {
  together: TextBatching.TOGETHER,
  alone: TextBatching.ALONE,
  mixed: TextBatching.MIXED,
} as const;

type Embedding = Pick<
  Model,
  | "dimensions"
  | "pooling"
  | "prompts"
  | "defaultPromptName"
  | "normalize"
  | "textBatching"
  | "sparse"
  | "maxActiveDims"
  | "tokenDimensions"
>;

/** What is known of an embedding model once it has been loaded, and empty until then, and for others. */
function embeddingOf({ info }: ModelStatus): Embedding {
  const embed = info?.tasks.embed;
  const isEmbedding = embed !== undefined;
  const known: Partial<EmbeddingInfo> = embed ?? {};
  const { dimensions = 0, pooling = "", prompts = [], defaultPrompt = "" } = known;
  const { normalize = true, batching = "together" } = known;
  return {
    dimensions,
    pooling,
    prompts: prompts.map(({ name, text }) => ({ name, text })),
    defaultPromptName: defaultPrompt,
    normalize: isEmbedding && normalize,
    textBatching: isEmbedding ? batchings[batching] : TextBatching.UNSPECIFIED,
    ...kindOfVectors(known),
  };
}

function kindOfVectors({
  sparse = false,
  maxActiveDims = 0,
  tokenDimensions = 0,
}: Partial<EmbeddingInfo>): Pick<Model, "sparse" | "maxActiveDims" | "tokenDimensions"> {
  return { sparse, maxActiveDims, tokenDimensions };
}

/** What is known of a classification model once it has been loaded, and empty until then, and for others. */
function classificationOf({ info }: ModelStatus): Pick<Model, "labels" | "multiLabel"> {
  const { labels = [], multiLabel = false }: Partial<ClassificationInfo> =
    info?.tasks.classify ?? {};
  return { labels: [...labels], multiLabel };
}

type Loaded = Pick<Model, "contextLength" | "slots" | "license" | "chat" | "chatFormat">;

/** What is known once a model has been loaded, and empty until then. */
function loadedOf(status: ModelStatus): Loaded {
  const { manifest, info } = status;
  const { contextLength, license } = info ?? { contextLength: 0, license: "" };
  return {
    contextLength,
    slots: slotsOf(status),
    license: manifest.license === "" ? license : manifest.license,
    chat: info?.tasks.generate?.chat ?? false,
    chatFormat: info?.tasks.generate?.chatFormat ?? "",
  };
}

/** The name of an engine as callers see it: not where a module lies. */
export function engineName(engine: string): string {
  return basename(engine);
}
