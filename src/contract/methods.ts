/**
 * What each method is, once: the whole table. A method without a row is refused, not served and not documented,
 * and one of the proto without a row does not compile.
 */
import type { Limits } from "./limits.ts";
import { getModelRequest, getServerInfoRequest, listModelsRequest } from "./requests/about.ts";
import { classifyRequest } from "./requests/classification.ts";
import { embedRequest } from "./requests/embedding.ts";
import { generateRequest } from "./requests/generation.ts";
import { rerankRequest } from "./requests/rerank.ts";
import { detokenizeRequest, tokenizeRequest } from "./requests/tokenization.ts";
import type { Scope } from "./scopes.ts";
import type { OwnMethodName, RequestOf, StandardMethodName } from "./services.ts";
import type { Rule } from "./validation/rule.ts";

/** What a caller needs: a scope; `open`, nothing; `reflection`, what the setting `--reflection` says. */
export type Need = Scope | "open" | "reflection";

export interface Method {
  readonly needs: Need;
  /** A call lasts as long as its caller likes: no limit ends it, and a drain ends it at once. Nothing is lost by that. */
  readonly isEndless?: boolean;
}

interface OwnMethod<Name extends OwnMethodName> extends Method {
  /** What its request may hold. */
  readonly rule: (limits: Limits) => Rule<RequestOf<Name>>;
}

type OwnMethods = { readonly [Name in OwnMethodName]: OwnMethod<Name> };

export const ownMethods: OwnMethods = {
  "inferd.v1.GenerationService/Generate": { needs: "generate", rule: generateRequest },
  "inferd.v1.GenerationService/GenerateStream": { needs: "generate", rule: generateRequest },
  "inferd.v1.EmbeddingService/Embed": { needs: "embed", rule: embedRequest },
  "inferd.v1.EmbeddingService/EmbedStream": { needs: "embed", rule: embedRequest },
  "inferd.v1.RerankService/Rerank": { needs: "rerank", rule: rerankRequest },
  "inferd.v1.ClassificationService/Classify": { needs: "classify", rule: classifyRequest },
  "inferd.v1.TokenizationService/Tokenize": { needs: "tokenize", rule: tokenizeRequest },
  "inferd.v1.TokenizationService/Detokenize": { needs: "tokenize", rule: detokenizeRequest },
  "inferd.v1.ModelService/ListModels": { needs: "models.read", rule: listModelsRequest },
  "inferd.v1.ModelService/GetModel": { needs: "models.read", rule: getModelRequest },
  "inferd.v1.ServerService/GetServerInfo": { needs: "server.read", rule: getServerInfoRequest },
};

const reflection: Method = { needs: "reflection", isEndless: true };

const standardMethods: { readonly [Name in StandardMethodName]: Method } = {
  "grpc.health.v1.Health/Check": { needs: "open" },
  "grpc.health.v1.Health/List": { needs: "open" },
  "grpc.health.v1.Health/Watch": { needs: "open", isEndless: true },
  "grpc.reflection.v1.ServerReflection/ServerReflectionInfo": reflection,
  "grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo": reflection,
};

/** By full name without a leading slash. */
export type Methods = ReadonlyMap<string, Method>;

export const methods: Methods = new Map<string, Method>(
  Object.entries({ ...ownMethods, ...standardMethods }),
);

/** The rule of a method's requests. */
export function ruleOf<Name extends OwnMethodName>(
  name: Name,
  limits: Limits,
): Rule<RequestOf<Name>> {
  return ownMethods[name].rule(limits);
}
