/** A client that has only the .proto files, as a caller of any language has. */
import { Client, credentials, type ServiceDefinition, type ServiceError } from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";
import type { Models } from "../../src/models/model.ts";
import { addAll, limits } from "./fake-models.ts";
import { start } from "./support.ts";

const services = [
  "generation",
  "embedding",
  "rerank",
  "classification",
  "tokenization",
  "model",
  "server",
];
const names = services.map((each) => `inferd/v1/${each}_service.proto`);

const definitions = loadSync(names, {
  includeDirs: ["proto"],
  keepCase: true,
  longs: Number,
  enums: String,
  defaults: true,
  oneofs: true,
});

export type Fields = Readonly<Record<string, unknown>>;

export interface Answer {
  readonly messages: readonly Fields[];
  readonly error: ServiceError | undefined;
}

type Call = (service: string, method: string, request: Fields) => Promise<Answer>;

export interface Served {
  readonly address: string;
  readonly call: Call;
  readonly stop: () => Promise<void>;
}

/** Serves these models with all services of inferd. */
export async function serve(models: Models): Promise<Served> {
  const { maxMessageBytes } = limits;
  const running = await start((server) => addAll(server, models), { maxMessageBytes });
  const client = new Client(running.address, credentials.createInsecure());
  return {
    address: running.address,
    call: (service, method, request) => callMethod(client, { service, method, request }),
    stop: async () => {
      client.close();
      await running.stop();
    },
  };
}

/** Calls a method of inferd, and gives all that came. */
export function callMethod(
  client: Client,
  {
    service,
    method,
    request,
  }: { readonly service: string; readonly method: string; readonly request: Fields },
): Promise<Answer> {
  // The package holds services and messages; these names are services.
  const definition = (definitions[`inferd.v1.${service}`] as ServiceDefinition)[method]!;
  const { path, requestSerialize: write } = definition;
  const read = (bytes: Buffer): Fields => definition.responseDeserialize(bytes) as Fields;
  const messages: Fields[] = [];
  return new Promise((resolve) => {
    const end = (error?: ServiceError | null): void =>
      resolve({ messages, error: error ?? undefined });
    if (!definition.responseStream) {
      client.makeUnaryRequest(path, write, read, request, (error, response) => {
        if (response !== undefined) messages.push(response);
        end(error);
      });
      return;
    }
    const stream = client.makeServerStreamRequest(path, write, read, request);
    stream.on("data", (message: Fields) => messages.push(message));
    stream.on("error", end);
    stream.on("end", () => end());
  });
}
