/**
 * A real gRPC server with canned answers: what a command makes of a server's behaviour is tested without
 * a model. A prompt says what is to happen; it stands for what a server would do, not for a model.
 */
import {
  type handleServerStreamingCall,
  type handleUnaryCall,
  Metadata,
  Server,
  ServerCredentials,
  status,
} from "@grpc/grpc-js";
import { Duration } from "../../gen/google/protobuf/duration.ts";
import { BadRequest, ErrorInfo, RetryInfo } from "../../gen/google/rpc/error_details.ts";
import { Status } from "../../gen/google/rpc/status.ts";
import {
  Embedding,
  EmbeddingServiceService,
  type EmbedRequest,
  EmbedStreamResponse,
} from "../../gen/inferd/v1/embedding_service.ts";
import {
  FinishReason,
  type GenerateRequest,
  GenerateStreamResponse,
  GenerationServiceService,
} from "../../gen/inferd/v1/generation_service.ts";
import {
  type DetokenizeRequest,
  DetokenizeResponse,
  TokenizationServiceService,
  type TokenizeRequest,
  TokenizeResponse,
} from "../../gen/inferd/v1/tokenization_service.ts";

export interface Canned {
  readonly tokenizeRequests: readonly TokenizeRequest[];
  readonly detokenizeRequests: readonly DetokenizeRequest[];
  readonly address: string;
  readonly generateRequests: readonly GenerateRequest[];
  readonly embedRequests: readonly EmbedRequest[];
  readonly metadata: readonly Metadata[];
  /** Fulfilled when the next call is cancelled by its caller. */
  readonly cancelled: Promise<void>;
  close(): void;
}

export async function openCanned(): Promise<Canned> {
  const server = new Server();
  const generateRequests: GenerateRequest[] = [];
  const embedRequests: EmbedRequest[] = [];
  const tokenizeRequests: TokenizeRequest[] = [];
  const detokenizeRequests: DetokenizeRequest[] = [];
  const metadata: Metadata[] = [];
  let onCancelled: () => void;
  const cancelled = new Promise<void>((resolve) => (onCancelled = resolve));

  const generateStream: handleServerStreamingCall<GenerateRequest, GenerateStreamResponse> = (
    call,
  ) => {
    generateRequests.push(call.request);
    metadata.push(call.metadata);
    call.on("cancelled", () => onCancelled());
    const { input } = call.request;
    const prompt = input?.$case === "prompt" ? input.value : "";
    if (prompt === "refuse") {
      call.emit("error", refusal(wrongFields, "2 fields are wrong"));
      return;
    }
    if (prompt === "refuse one") {
      call.emit("error", refusal(wrongFields.slice(1), "sampling.stop[0] must not be empty"));
      return;
    }
    if (prompt === "refuse at length") {
      const cut = { field: "sampling.stop[0]", description: "must not be…" };
      call.emit("error", refusal([cut], "sampling.stop[0] must not be this long"));
      return;
    }
    call.write(event({ $case: "started", value: { seed: 7n } }));
    call.write(event({ $case: "piece", value: { text: "once, " } }));
    if (prompt === "hang") return;
    if (prompt === "break") {
      call.emit("error", { code: status.UNAVAILABLE, details: "worker exited" });
      return;
    }
    if (prompt === "flood") {
      flood();
      return;
    }
    call.write(event({ $case: "piece", value: { text: "twice" } }));
    call.write(event({ $case: "finish", value: finish }));
    call.end();

    function flood(): void {
      while (!call.cancelled && call.write(event({ $case: "piece", value: { text: "again\n" } })));
      if (!call.cancelled) call.once("drain", flood);
    }
  };

  const embedStream: handleServerStreamingCall<EmbedRequest, EmbedStreamResponse> = (call) => {
    embedRequests.push(call.request);
    const { inputs, tokenInputs } = call.request;
    [...inputs, ...tokenInputs.map(({ ids }) => ids.join(" "))].forEach((text, index) => {
      const embedding =
        text === "long"
          ? { index, value: { $case: "error", value: tooLong } as const }
          : { index, value: float32([0.1, -0.25, text.length]), tokenCount: 3 };
      call.write(
        EmbedStreamResponse.fromPartial({
          event: { $case: "embedding", value: Embedding.fromPartial(embedding) },
        }),
      );
    });
    call.write(EmbedStreamResponse.fromPartial({ event: { $case: "finish", value: {} } }));
    call.end();
  };

  const tokenize: handleUnaryCall<TokenizeRequest, TokenizeResponse> = ({ request }, answer) => {
    tokenizeRequests.push(request);
    const pieces = [{ token: Buffer.from("<s>"), special: true }, { token: Buffer.from("a") }];
    const tokens = { tokenIds: [1, 97], ...(request.withPieces && { pieces }) };
    answer(null, TokenizeResponse.fromPartial({ count: 2, ...(!request.countOnly && tokens) }));
  };

  const detokenize: handleUnaryCall<DetokenizeRequest, DetokenizeResponse> = (
    { request },
    answer,
  ) => {
    detokenizeRequests.push(request);
    answer(null, DetokenizeResponse.fromPartial({ text: "a" }));
  };

  server.addService(TokenizationServiceService, { tokenize, detokenize });
  server.addService(GenerationServiceService, { generateStream });
  server.addService(EmbeddingServiceService, { embedStream });
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
  return {
    address: `127.0.0.1:${port}`,
    generateRequests,
    embedRequests,
    tokenizeRequests,
    detokenizeRequests,
    metadata,
    cancelled,
    close: () => server.forceShutdown(),
  };
}

const tooLong = { reason: "INPUT_TOO_LONG", message: "too many tokens" };

const float32 = (values: readonly number[]) => ({ $case: "float32", value: { values } }) as const;

const finish = {
  reason: FinishReason.LENGTH,
  usage: { promptTokens: 3, completionTokens: 2 },
  timings: { decode: { seconds: 0n, nanos: 500_000_000 }, total: { seconds: 1n, nanos: 0 } },
};

const event = (value: Parameters<typeof GenerateStreamResponse.fromPartial>[0]["event"]) =>
  GenerateStreamResponse.fromPartial({ event: value });

const wrongFields = [
  { field: "sampling.temperature", description: "must be from 0 to 2, not 3" },
  { field: "sampling.stop[0]", description: "must not be empty" },
];

/** As the server refuses a request with wrong fields, with when to try again as well. */
function refusal(wrong: typeof wrongFields, message: string) {
  const any = (name: string, value: Uint8Array) => ({
    typeUrl: `type.googleapis.com/google.rpc.${name}`,
    value: Buffer.from(value),
  });
  const fieldViolations = wrong.map((violation) => ({
    ...violation,
    reason: "",
    localizedMessage: undefined,
  }));
  const info = ErrorInfo.fromPartial({ reason: "FIELD_INVALID", domain: "inferd.dev" });
  const retryDelay = Duration.fromPartial({ seconds: 1n, nanos: 500_000_000 });
  const details = [
    any("ErrorInfo", ErrorInfo.encode(info).finish()),
    any("BadRequest", BadRequest.encode({ fieldViolations }).finish()),
    any("RetryInfo", RetryInfo.encode({ retryDelay }).finish()),
  ];
  const metadata = new Metadata();
  const encoded = Status.encode(
    Status.fromPartial({ code: 3, message: "wrong", details }),
  ).finish();
  metadata.set("grpc-status-details-bin", Buffer.from(encoded));
  return { code: status.INVALID_ARGUMENT, details: message, metadata };
}
