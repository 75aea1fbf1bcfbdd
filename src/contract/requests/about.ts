/** What requests may hold that read of the models and of the server. */
import type { GetModelRequest, ListModelsRequest } from "../../../gen/inferd/v1/model_service.ts";
import type { GetServerInfoRequest } from "../../../gen/inferd/v1/server_service.ts";
import { message } from "../validation/messages.ts";
import type { Rule } from "../validation/rule.ts";
import { number, text } from "../validation/scalars.ts";
import { maxNameBytes } from "./shared.ts";

const maxInt32 = 2 ** 31 - 1;
// No token that this server gives is longer.
const maxPageTokenBytes = 256;

export function listModelsRequest(): Rule<ListModelsRequest> {
  return message<ListModelsRequest>({
    pageSize: number({ min: 0, max: maxInt32 }),
    pageToken: text(maxPageTokenBytes, { mayBeEmpty: true }),
  });
}

export function getModelRequest(): Rule<GetModelRequest> {
  return message<GetModelRequest>({ name: text(maxNameBytes, { mayBeEmpty: false }) });
}

export function getServerInfoRequest(): Rule<GetServerInfoRequest> {
  return message<GetServerInfoRequest>({});
}
