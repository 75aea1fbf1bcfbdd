/** Calls of all kinds, in turns: what one server of several models gets in a day. */
import { Client, credentials } from "@grpc/grpc-js";
import {
  GenerateRequest,
  type GenerateResponse,
  GenerationServiceService,
} from "../../gen/inferd/v1/generation_service.ts";
import { probe } from "../../test/kubelet/probe.ts";
import { openEmbedding, sentences } from "./embedding.ts";
import { messageOf, openInferd } from "./inferd.ts";
import { noCounts, type StreamEnd, type StreamRequest, type StreamTarget } from "./target.ts";

export const kinds = ["stream", "generate", "embed", "health"] as const;
export type Kind = (typeof kinds)[number];

/** Of ten calls in a row, which kind each is. */
const turns: readonly Kind[] = [
  ...(["stream", "embed", "stream", "generate", "embed"] as const),
  ...(["stream", "health", "embed", "stream", "generate"] as const),
];

/** How many of all calls are of a kind, from 0 to 1. */
export function shareOf(kind: Kind): number {
  return turns.filter((each) => each === kind).length / turns.length;
}

const textsPerCall = 4;
const probeMs = 5000;

/** Each kind of call as a target of its own for the load tool, and all of them in turns. */
export interface MixedTargets extends Readonly<Record<Kind, StreamTarget>> {
  readonly turns: StreamTarget;
  close(): void;
}

/** Nobody is told when tokens come: over half an hour, that alone would be millions of times to keep. */
export function openMixed(address: string): MixedTargets {
  const streams = openInferd({ address, model: "", temperature: 0.8, connections: 1 });
  const embedding = openEmbedding(address);
  const client = new Client(address, credentials.createInsecure());
  const texts = sentences(1000);
  const embed = (call: number): Promise<unknown> => {
    const first = (call * textsPerCall) % texts.length;
    return embedding.embed(texts.slice(first, first + textsPerCall));
  };
  const targets: Readonly<Record<Kind, StreamTarget>> = {
    stream: (request, { signal }) => streams.stream(request, { signal, onTokens: () => undefined }),
    generate: (request) => ended(generate(client, request)),
    embed: ({ seed }) => ended(embed(seed)),
    health: () => ended(askHealth(address)),
  };
  return {
    ...targets,
    turns: (request, reader) =>
      targets[turns[request.seed % turns.length] ?? "stream"](request, reader),
    close: () => {
      for (const each of [streams, embedding, client]) each.close();
    },
  };
}

function ended(call: Promise<unknown>): Promise<StreamEnd> {
  return call.then(
    () => ({ code: "OK", ...noCounts }),
    (error: unknown) => ({ code: String(error), ...noCounts }),
  );
}

function generate(client: Client, request: StreamRequest): Promise<GenerateResponse> {
  const { path, requestSerialize, responseDeserialize } = GenerationServiceService.generate;
  const message = GenerateRequest.fromPartial(messageOf(request, { model: "", temperature: 0.8 }));
  return new Promise((resolve, reject) => {
    client.makeUnaryRequest(
      path,
      requestSerialize,
      responseDeserialize,
      message,
      (error, response) => {
        if (response === undefined) reject(error ?? new Error("there was no response"));
        else resolve(response);
      },
    );
  });
}

async function askHealth(address: string): Promise<void> {
  const { succeeded, why } = await probe({ address, service: "readiness", timeoutMs: probeMs });
  if (!succeeded) throw new Error(why);
}
