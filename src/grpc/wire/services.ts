/**
 * The services as this server reads and writes them. They are generated, but for three things: lists are
 * counted and texts checked before a request is read, and vectors and pieces are written by hand.
 */
import type { DescMessage, FileRegistry } from "@bufbuild/protobuf";
import { BinaryReader } from "@bufbuild/protobuf/wire";
import type { Limits } from "../../contract/limits.ts";
import { ownMethods } from "../../contract/methods.ts";
import { type OwnMethodName, ownServices } from "../../contract/services.ts";
import { serviceOf } from "../../contract/tasks.ts";
import type { GrpcServer, HandlersOf } from "../server.ts";
import { writeEmbedResponse, writeEmbedStreamResponse } from "./embeddings.ts";
import { boundsOf } from "./list-bounds.ts";
import { checkCounts } from "./list-counts.ts";
import { writeGenerateStreamResponse } from "./pieces.ts";

interface WireOptions {
  readonly limits: Limits;
  readonly registry: FileRegistry;
}

type WireServices = ReturnType<typeof wireServices>;

/** The handlers of each service, by its name in `ownServices`: every method has one. */
type ServiceHandlers = { readonly [S in keyof WireServices]: HandlersOf<WireServices[S]> };

/** Adds all services to a server. */
export function addServices(
  server: Pick<GrpcServer, "addService">,
  options: WireOptions,
  handlers: ServiceHandlers,
): void {
  const services = wireServices(options);
  server.addService(services.generation, handlers.generation);
  server.addService(services.embedding, handlers.embedding);
  server.addService(services.rerank, handlers.rerank);
  server.addService(services.classification, handlers.classification);
  server.addService(services.tokenization, handlers.tokenization);
  server.addService(services.model, handlers.model);
  server.addService(services.server, handlers.server);
}

export function wireServices(options: WireOptions) {
  const { generation, embedding, rerank, classification, tokenization, model, server } =
    ownServices;
  const { embed, embedStream } = embedding;
  const { generate, generateStream } = generation;
  return {
    generation: strict(
      {
        generate,
        generateStream: { ...generateStream, responseSerialize: writeGenerateStreamResponse },
      } as const,
      options,
    ),
    embedding: strict(
      {
        embed: { ...embed, responseSerialize: writeEmbedResponse },
        embedStream: { ...embedStream, responseSerialize: writeEmbedStreamResponse },
      } as const,
      options,
    ),
    rerank: strict(rerank, options),
    classification: strict(classification, options),
    tokenization: strict(tokenization, options),
    model: strict(model, options),
    server: strict(server, options),
  };
}

interface Readable {
  readonly path: `/${OwnMethodName}`;
  readonly requestDeserialize: (bytes: Buffer) => unknown;
}

/**
 * Refuses lists that are too long, and text that is no UTF-8, as proto3 asks. The generated code would put U+FFFD into
 * its place, and the model would answer a prompt that its caller did not send.
 */
function strict<D extends Readonly<Record<string, Readable>>>(
  definition: D,
  options: WireOptions,
): D {
  const methods = Object.entries(definition).map(([name, method]) => {
    const bounds = methodBounds(method.path, options);
    const requestDeserialize = (bytes: Buffer): unknown => {
      checkCounts(bytes, bounds);
      // Generated code hands it on to `decode`, which takes a reader as well as bytes.
      return method.requestDeserialize(strictReader(bytes) as never);
    };
    return [name, { ...method, requestDeserialize }] as const;
  });
  // The same methods with the same types, one function each replaced by its like.
  return Object.fromEntries(methods) as Readonly<Record<string, Readable>> as D;
}

function methodBounds(path: Readable["path"], { limits, registry }: WireOptions) {
  // The slash before it is all that a path adds to a name.
  const name = path.slice(1) as OwnMethodName;
  return boundsOf(ownMethods[name].rule(limits), inputOf(name, registry));
}

function inputOf(name: OwnMethodName, registry: FileRegistry): DescMessage {
  const service = serviceOf(name);
  const method = registry
    .getService(service)
    ?.methods.find((each) => `${service}/${each.name}` === name);
  if (method === undefined) throw new Error(`bug: the descriptors do not know ${name}`);
  return method.input;
}

function strictReader(bytes: Buffer): BinaryReader {
  const reader = new BinaryReader(bytes);
  const string = reader.string.bind(reader);
  reader.string = () => string(true);
  return reader;
}
