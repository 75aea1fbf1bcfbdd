/** How many sequences a server of one model computes at once, and of which length: to give another the same. */
import { Client, credentials, type ServiceError } from "@grpc/grpc-js";
import {
  ListModelsRequest,
  type ListModelsResponse,
  ModelServiceService,
} from "../../gen/inferd/v1/model_service.ts";

export interface Seats {
  readonly slots: number;
  /** The longest sequence, prompt and completion together. */
  readonly contextTokens: number;
}

/** What inferd has, as it says itself. */
export async function seatsOf(address: string): Promise<Seats> {
  const { models } = await listModels(address);
  const { slots = 0, contextLength: contextTokens = 0 } = models[0] ?? {};
  if (slots === 0 || contextTokens === 0 || models.length > 1) {
    throw new Error("inferd does not say how many slots of which context its one model has");
  }
  return { slots, contextTokens };
}

async function listModels(address: string): Promise<ListModelsResponse> {
  const client = new Client(address, credentials.createInsecure());
  const { path, requestSerialize, responseDeserialize } = ModelServiceService.listModels;
  const request = ListModelsRequest.fromPartial({});
  try {
    return await new Promise((resolve, reject) => {
      const done = (error: ServiceError | null, response?: ListModelsResponse): void => {
        if (response === undefined) reject(error ?? new Error("there was no response"));
        else resolve(response);
      };
      client.makeUnaryRequest(path, requestSerialize, responseDeserialize, request, done);
    });
  } finally {
    client.close();
  }
}
