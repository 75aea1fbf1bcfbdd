/** Streams completions from inferd over gRPC. */
import { Client, credentials, Metadata, type ServiceError, status } from "@grpc/grpc-js";
import type { Duration } from "../../gen/google/protobuf/duration.ts";
import {
  type Constraint,
  type Finish,
  GenerateRequest,
  type GenerateStreamResponse,
  GenerationServiceService,
} from "../../gen/inferd/v1/generation_service.ts";
import type { Priority } from "../../gen/inferd/v1/types.ts";
import { errorDetails } from "../../src/cli/error-details.ts";
import {
  noCounts,
  type StreamEnd,
  type StreamReader,
  type StreamRequest,
  type StreamTarget,
} from "./target.ts";

export interface InferdOptions {
  readonly address: string;
  /** Empty for the server's default. */
  readonly model: string;
  readonly temperature: number;
  /** HTTP/2 connections that calls take turns on. */
  readonly connections: number;
  /** What a call may take, as its gRPC deadline. */
  readonly deadlineMs?: number;
  /** A gRPC service config, such as one with a retry policy. */
  readonly serviceConfig?: string;
  /** Where the server asks for one. */
  readonly apiKey?: string;
  /** Interactive where it is left out. */
  readonly priority?: Priority;
  /** What completions must be; any text where it is left out. */
  readonly constraint?: Constraint;
  /** What a slow reader waits after each message. */
  readonly readDelayMs?: number;
}

export interface InferdTarget {
  readonly stream: StreamTarget;
  close(): void;
}

export function openInferd(options: InferdOptions): InferdTarget {
  const clients = Array.from({ length: options.connections }, () => {
    return new Client(options.address, credentials.createInsecure(), {
      "grpc.use_local_subchannel_pool": 1,
      "grpc.max_receive_message_length": -1,
      ...(options.serviceConfig !== undefined && { "grpc.service_config": options.serviceConfig }),
    });
  });
  let calls = 0;
  return {
    stream: (request, reader) => {
      const client = clients[calls++ % clients.length];
      if (client === undefined) throw new Error("at least one connection is needed");
      return stream(client, { request, reader, options });
    },
    close: () => clients.forEach((client) => client.close()),
  };
}

interface Call {
  readonly request: StreamRequest;
  readonly reader: StreamReader;
  readonly options: InferdOptions;
}

function stream(client: Client, { request, reader, options }: Call): Promise<StreamEnd> {
  const { path, requestSerialize, responseDeserialize } = GenerationServiceService.generateStream;
  const { apiKey, deadlineMs, readDelayMs = 0 } = options;
  const metadata = new Metadata();
  if (apiKey !== undefined) metadata.set("authorization", `Bearer ${apiKey}`);
  const call = client.makeServerStreamRequest<GenerateRequest, GenerateStreamResponse>(
    path,
    requestSerialize,
    responseDeserialize,
    messageOf(request, options),
    metadata,
    deadlineMs === undefined ? {} : { deadline: Date.now() + deadlineMs },
  );
  const cancel = (): void => call.cancel();
  reader.signal.addEventListener("abort", cancel);
  if (reader.signal.aborted) cancel();
  let finish: Finish | undefined;
  return new Promise((resolve) => {
    const end = (code: string, trailers?: Metadata): void => {
      reader.signal.removeEventListener("abort", cancel);
      resolve({ code, ...countsOf(finish), ...retryOf(trailers) });
    };
    call.on("data", ({ event }: GenerateStreamResponse) => {
      if (event?.$case === "piece" && event.value.tokenIds.length > 0) {
        reader.onTokens(event.value.tokenIds.length);
        reader.onIds?.(event.value.tokenIds);
      }
      if (event?.$case === "finish") finish = event.value;
      if (readDelayMs > 0) pauseFor(call, readDelayMs);
    });
    call.on("error", ({ code, metadata }: ServiceError) => end(status[code], metadata));
    call.on("end", () => end(finish === undefined ? "ENDED_WITHOUT_FINISH" : "OK"));
  });
}

/** The request as it goes over the wire, for clients that are told what to send. */
export function messageBytes(
  request: StreamRequest,
  options: Pick<InferdOptions, "model" | "temperature" | "priority">,
): Uint8Array {
  return GenerateRequest.encode(messageOf(request, options)).finish();
}

/** The request as inferd takes it. */
export function messageOf(
  request: StreamRequest,
  options: Pick<InferdOptions, "model" | "temperature" | "priority" | "constraint">,
): GenerateRequest {
  const { prompt, newTokens, seed } = request;
  return GenerateRequest.fromPartial({
    model: options.model,
    ...(options.constraint && { constraint: options.constraint }),
    ...(options.priority !== undefined && { call: { priority: options.priority } }),
    input:
      prompt.kind === "text"
        ? { $case: "prompt", value: prompt.text }
        : { $case: "tokenIds", value: { ids: prompt.ids } },
    sampling: {
      temperature: options.temperature,
      maxTokens: newTokens,
      seed: BigInt(seed),
      ignoreEos: true,
    },
    // A token can show no text for a while; only ids tell when it came.
    returnTokenIds: true,
  });
}

function countsOf(finish: Finish | undefined): Omit<StreamEnd, "code"> {
  const { usage, timings } = finish ?? {};
  if (usage === undefined) return noCounts;
  const { promptTokens, cachedPromptTokens, completionTokens } = usage;
  const { queue, timeToFirstToken } = timings ?? {};
  return {
    promptTokens,
    cachedPromptTokens,
    completionTokens,
    ...(queue !== undefined && { queueMs: milliseconds(queue) }),
    ...(timeToFirstToken !== undefined && { firstTokenMs: milliseconds(timeToFirstToken) }),
  };
}

function retryOf(trailers = new Metadata()): Pick<StreamEnd, "retryAfterMs" | "retryInfoMs"> {
  const [pushback] = trailers.get("grpc-retry-pushback-ms");
  const { retryDelay } = errorDetails(trailers);
  return {
    ...(pushback !== undefined && { retryAfterMs: Number(pushback) }),
    ...(retryDelay !== undefined && { retryInfoMs: milliseconds(retryDelay) }),
  };
}

function milliseconds({ seconds, nanos }: Duration): number {
  return Number(seconds) * 1000 + nanos / 1e6;
}

/** Stops reading for a while: HTTP/2 then withholds credit from the server. */
function pauseFor(call: { pause(): unknown; resume(): unknown }, waitMs: number): void {
  call.pause();
  setTimeout(() => call.resume(), waitMs);
}
