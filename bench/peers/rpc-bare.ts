/**
 * A server of grpc-js and nothing else, of the same contract: what gRPC costs in Node where no server stands around it.
 *
 * usage: node bench/peers/rpc-bare.ts port
 */
import { once } from "node:events";
import { argv } from "node:process";
import {
  type sendUnaryData,
  Server,
  ServerCredentials,
  type ServerUnaryCall,
  type ServerWritableStream,
} from "@grpc/grpc-js";
import {
  type GenerateRequest,
  GenerateResponse,
  GenerationServiceService,
  type GenerateStreamResponse,
} from "../../gen/inferd/v1/generation_service.ts";

/** The prompt's number of pieces. */
function* pieces({ input }: GenerateRequest): Generator<string> {
  const count = input?.$case === "prompt" ? Number(input.value) : 0;
  for (let index = 0; index < count; index += 1) yield `${index}\n`;
}

function generate(
  { request }: ServerUnaryCall<GenerateRequest, GenerateResponse>,
  callback: sendUnaryData<GenerateResponse>,
): void {
  const text = [...pieces(request)].join("");
  callback(null, GenerateResponse.fromPartial({ text }));
}

async function generateStream(
  call: ServerWritableStream<GenerateRequest, GenerateStreamResponse>,
): Promise<void> {
  for (const text of pieces(call.request)) {
    const value = { text, tokenIds: [] };
    if (!call.write({ event: { $case: "piece", value } })) await once(call, "drain");
  }
  call.end();
}

const server = new Server();
server.addService(GenerationServiceService, {
  generate,
  generateStream: (call: ServerWritableStream<GenerateRequest, GenerateStreamResponse>) =>
    void generateStream(call),
});
const port = Number(argv[2]);
server.bindAsync(`127.0.0.1:${port}`, ServerCredentials.createInsecure(), (error) => {
  if (error === null) return;
  console.error(error.message);
  process.exit(1);
});
