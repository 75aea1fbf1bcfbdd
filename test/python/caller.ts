/** Calls a real server as its callers do, and tells how each call ended. */
import {
  Client,
  type ClientReadableStream,
  credentials,
  Metadata,
  type ServiceError,
  status,
  type StatusObject,
} from "@grpc/grpc-js";
import {
  type Embedding,
  EmbeddingServiceService,
  EmbedRequest,
  type EmbedResponse,
} from "../../gen/inferd/v1/embedding_service.ts";
import {
  Chat,
  FinishReason,
  GenerateRequest,
  type GenerateResponse,
  type GenerateStreamResponse,
  GenerationServiceService,
  Role,
} from "../../gen/inferd/v1/generation_service.ts";
import { type Model, ModelServiceService } from "../../gen/inferd/v1/model_service.ts";
import {
  HealthCheckResponse_ServingStatus,
  HealthService,
} from "../../gen/grpc/health/v1/health.ts";
import { detailsOf } from "../grpc/support.ts";

/** How a call ended. */
export interface Ended {
  /** A gRPC code's name. */
  readonly code: string;
  readonly message: string;
  readonly reason: string | undefined;
  /** Such as `prompt: must not be empty`. */
  readonly violations: readonly string[];
  readonly retryMs: number | undefined;
}

export interface Completion extends Ended {
  readonly text: string;
  /** Such as `STOP`; undefined where it failed. */
  readonly finish: string | undefined;
}

export interface Vectors extends Ended {
  readonly embeddings: readonly Embedding[];
}

/** What a call may ask for in addition to its model and its input. */
export interface Wishes {
  readonly maxTokens?: number;
  readonly stop?: readonly string[];
  readonly deadlineMs?: number;
  /** Sends the prompt as the last message of a chat, after one of the system. */
  readonly system?: string;
}

const fine: Ended = {
  code: "OK",
  message: "",
  reason: undefined,
  violations: [],
  retryMs: undefined,
};

function endOf(error: Pick<StatusObject, "code" | "details" | "metadata"> | null): Ended {
  if (error === null || error.code === status.OK) return fine;
  const { code, details: message } = error;
  const details = detailsOf(error);
  const violations = details?.violations ?? [];
  return {
    code: status[code],
    message,
    reason: details?.reason,
    violations: violations.map(({ field, description }) => `${field}: ${description}`),
    retryMs: details?.retryMs,
  };
}

const deadlineOf = ({ deadlineMs }: Wishes) =>
  deadlineMs === undefined ? {} : { deadline: Date.now() + deadlineMs };

function inputOf(prompt: string, system: string | undefined): GenerateRequest["input"] {
  if (system === undefined) return { $case: "prompt", value: prompt };
  const messages = [
    { role: Role.SYSTEM, content: system },
    { role: Role.USER, content: prompt },
  ];
  return { $case: "chat", value: Chat.fromPartial({ messages }) };
}

function requestOf(model: string, prompt: string, wishes: Wishes): GenerateRequest {
  const { maxTokens, stop, system } = wishes;
  const input = inputOf(prompt, system);
  const sampling = { ...(maxTokens !== undefined && { maxTokens }), stop: [...(stop ?? [])] };
  return GenerateRequest.fromPartial({ model, input, sampling });
}

interface Method<Request, Response> {
  readonly path: string;
  readonly requestSerialize: (value: Request) => Buffer;
  readonly responseDeserialize: (bytes: Buffer) => Response;
}

export class Caller {
  readonly #client: Client;

  constructor(address: string) {
    this.#client = new Client(address, credentials.createInsecure(), { "grpc.enable_retries": 0 });
  }

  async generate(model: string, prompt: string, wishes: Wishes = {}): Promise<Completion> {
    const request = requestOf(model, prompt, wishes);
    const { ended, response } = await this.#ask<GenerateRequest, GenerateResponse>(
      GenerationServiceService.generate,
      request,
      wishes,
    );
    return { ...ended, text: response?.text ?? "", finish: finishOf(response?.finish?.reason) };
  }

  stream(model: string, prompt: string, wishes: Wishes = {}): TextStream {
    const { path, requestSerialize, responseDeserialize } = GenerationServiceService.generateStream;
    const request = requestOf(model, prompt, wishes);
    const options = deadlineOf(wishes);
    return new TextStream(
      this.#client.makeServerStreamRequest(
        path,
        requestSerialize,
        responseDeserialize,
        request,
        new Metadata(),
        options,
      ),
    );
  }

  async embed(
    model: string,
    inputs: readonly string[],
    changes: { readonly allowItemErrors?: boolean; readonly normalize?: boolean } = {},
  ): Promise<Vectors> {
    const request = EmbedRequest.fromPartial({ model, inputs: [...inputs], ...changes });
    const { ended, response } = await this.#ask<EmbedRequest, EmbedResponse>(
      EmbeddingServiceService.embed,
      request,
    );
    return { ...ended, embeddings: response?.embeddings ?? [] };
  }

  async models(): Promise<readonly Model[]> {
    const { response } = await this.#ask(ModelServiceService.listModels, {
      pageSize: 0,
      pageToken: "",
    });
    return response?.models ?? [];
  }

  /** Such as SERVING. */
  async health(service: string): Promise<string> {
    const { ended, response } = await this.#ask(HealthService.check, { service });
    return response === undefined
      ? ended.code
      : nameIn(HealthCheckResponse_ServingStatus, response.status);
  }

  close(): void {
    this.#client.close();
  }

  #ask<Request, Response>(
    { path, requestSerialize, responseDeserialize }: Method<Request, Response>,
    request: Request,
    wishes: Wishes = {},
  ): Promise<{ readonly ended: Ended; readonly response: Response | undefined }> {
    return new Promise((resolve) => {
      const done = (error: ServiceError | null, response?: Response): void =>
        resolve({ ended: endOf(error), response });
      this.#client.makeUnaryRequest(
        path,
        requestSerialize,
        responseDeserialize,
        request,
        new Metadata(),
        deadlineOf(wishes),
        done,
      );
    });
  }
}

/** A stream of text, which its caller can leave unread. */
export class TextStream {
  readonly pieces: string[] = [];
  readonly ended: Promise<Completion>;
  readonly #call: ClientReadableStream<GenerateStreamResponse>;
  readonly #first = Promise.withResolvers<undefined>();

  constructor(call: ClientReadableStream<GenerateStreamResponse>) {
    this.#call = call;
    let finish: string | undefined;
    const over = Promise.withResolvers<Completion>();
    call.on("data", ({ event }: GenerateStreamResponse) => {
      if (event?.$case === "finish") finish = finishOf(event.value.reason);
      if (event?.$case !== "piece") return;
      this.pieces.push(event.value.text);
      this.#first.resolve(undefined);
    });
    let ended: Ended = fine;
    const end = (): void => {
      this.#first.resolve(undefined);
      over.resolve({ ...ended, text: this.pieces.join(""), finish });
    };
    call.on("status", (told: StatusObject) => (ended = endOf(told)));
    // Its status is told as well.
    call.on("error", () => undefined);
    call.on("end", () => setImmediate(end));
    this.ended = over.promise;
  }

  /** Fulfilled with the first piece, or the end. */
  get begun(): Promise<undefined> {
    return this.#first.promise;
  }

  cancel(): void {
    this.#call.cancel();
  }

  pause(): void {
    this.#call.pause();
  }

  resume(): void {
    this.#call.resume();
  }
}

const finishOf = (reason: FinishReason | undefined): string | undefined =>
  reason === undefined ? undefined : nameIn(FinishReason, reason);

function nameIn(table: object, value: unknown): string {
  return Object.entries(table).find(([, one]) => one === value)?.[0] ?? String(value);
}
