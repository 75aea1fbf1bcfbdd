/** Calls of inferd's generation service, with the text that an answer's body holds. */
import {
  GenerateRequest,
  GenerateResponse,
  GenerateStreamResponse,
  GenerationServiceService,
} from "../../gen/inferd/v1/generation_service.ts";
import { grpcTarget, messagesIn, type Target } from "./rpc-target.ts";

/** A call whose answer is a text. */
export interface TextCall extends Target {
  readonly read: (body: Buffer) => string;
}

export interface Prompt {
  readonly prompt: string;
  /** Empty for a server's only model. */
  readonly model: string;
}

const { generate, generateStream } = GenerationServiceService;

export const generateCall = (port: number, prompt: Prompt): TextCall => ({
  ...grpcTarget(port, generate.path, request(prompt)),
  read: (body) =>
    messagesIn(body)
      .map((each) => GenerateResponse.decode(each).text)
      .join(""),
});

export const streamCall = (port: number, prompt: Prompt): TextCall => ({
  ...grpcTarget(port, generateStream.path, request(prompt)),
  read: (body) => messagesIn(body).map(pieceOf).join(""),
});

function request({ prompt, model }: Prompt): Uint8Array {
  const input = { $case: "prompt", value: prompt } as const;
  return GenerateRequest.encode(GenerateRequest.fromPartial({ model, input })).finish();
}

function pieceOf(message: Buffer): string {
  const { event } = GenerateStreamResponse.decode(message);
  return event?.$case === "piece" ? event.value.text : "";
}
