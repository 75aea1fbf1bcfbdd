/** `GET /v1/models` and `GET /v1/models/{name}`: https://platform.openai.com/docs/api-reference/models. */
import type { Model } from "../../../gen/inferd/v1/model_service.ts";
import type { ModelHandlers } from "../../services/model.ts";
import type { Route } from "../route.ts";

/** As many as the contract gives at once. */
const pageSize = 1000;

export interface ModelsOptions {
  /** When the server started, in milliseconds since 1970. */
  readonly startedAtMs: number;
}

export function modelRoutes(
  { listModels, getModel }: Pick<ModelHandlers, "listModels" | "getModel">,
  { startedAtMs }: ModelsOptions,
): readonly Route[] {
  const modelOf = ({ name }: Model): object => ({
    id: name,
    object: "model",
    created: Math.floor(startedAtMs / 1000),
    owned_by: "inferd",
  });
  return [
    {
      method: "GET",
      path: "/v1/models",
      rpc: "inferd.v1.ModelService/ListModels",
      summary: "Lists the models.",
      serve: (_, call) =>
        call.unary(listModels, { pageSize, pageToken: "" }, ({ models }) => ({
          object: "list",
          data: models.map(modelOf),
        })),
    },
    {
      method: "GET",
      path: "/v1/models/{name}",
      rpc: "inferd.v1.ModelService/GetModel",
      summary: "Describes a model.",
      serve: ({ name }, call) =>
        call.unary(getModel, { name }, ({ model }) => (model === undefined ? {} : modelOf(model))),
    },
  ];
}
