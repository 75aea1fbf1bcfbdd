/** The generated services that this server has, and the names and types of their methods. */
import { HealthService } from "../../gen/grpc/health/v1/health.ts";
import { ServerReflectionService } from "../../gen/grpc/reflection/v1/reflection.ts";
import { ServerReflectionService as AlphaReflectionService } from "../../gen/grpc/reflection/v1alpha/reflection.ts";
import { ClassificationServiceService } from "../../gen/inferd/v1/classification_service.ts";
import { EmbeddingServiceService } from "../../gen/inferd/v1/embedding_service.ts";
import { GenerationServiceService } from "../../gen/inferd/v1/generation_service.ts";
import { ModelServiceService } from "../../gen/inferd/v1/model_service.ts";
import { RerankServiceService } from "../../gen/inferd/v1/rerank_service.ts";
import { ServerServiceService } from "../../gen/inferd/v1/server_service.ts";
import { TokenizationServiceService } from "../../gen/inferd/v1/tokenization_service.ts";

export const ownServices = {
  generation: GenerationServiceService,
  embedding: EmbeddingServiceService,
  rerank: RerankServiceService,
  classification: ClassificationServiceService,
  tokenization: TokenizationServiceService,
  model: ModelServiceService,
  server: ServerServiceService,
} as const;

/** gRPC's own. */
export const standardServices = {
  health: HealthService,
  reflection: ServerReflectionService,
  alphaReflection: AlphaReflectionService,
} as const;

type MethodsOf<Services> = {
  [S in keyof Services]: Services[S][keyof Services[S]];
}[keyof Services];
type OwnMethod = MethodsOf<typeof ownServices>;

type NameOf<Method> = Method extends { readonly path: `/${infer Name}` } ? Name : never;
type ServiceOf<Name> = Name extends `${infer Service}/${string}` ? Service : never;

/** Full names without a leading slash, such as `inferd.v1.GenerationService/Generate`. */
export type OwnMethodName = NameOf<OwnMethod>;
export type StandardMethodName = NameOf<MethodsOf<typeof standardServices>>;

/** Such as `inferd.v1.GenerationService`. */
export type OwnServiceName = ServiceOf<OwnMethodName>;

type Reader<Request> = (bytes: Buffer) => Request;

/** The message that a method takes. */
export type RequestOf<Name extends OwnMethodName> =
  Extract<OwnMethod, { readonly path: `/${Name}` }> extends {
    readonly requestDeserialize: Reader<infer Request>;
  }
    ? Request
    : never;
