/**
 * Server reflection, v1 and v1alpha, from the descriptor set that buf built. Files are sent as the bytes
 * that buf wrote. npm's reflection package encodes them again and loses imports and custom options, and
 * strict clients (grpcurl, buf curl) refuse what is left.
 */
import { status } from "@grpc/grpc-js";
import type {
  ServerReflectionRequest,
  ServerReflectionResponse,
} from "../../gen/grpc/reflection/v1/reflection.ts";
import type { Handler } from "../calls/call.ts";
import type { Descriptors } from "../contract/descriptors.ts";
import { DescriptorIndex, type FileBytes } from "./descriptors.ts";

type Answer = NonNullable<ServerReflectionResponse["messageResponse"]>;

export interface ReflectionOptions {
  /** All services, with all imports. */
  readonly descriptors: Descriptors;
  /** Full names of all services of the server; asked for by each call. */
  readonly services: () => readonly string[];
}

/** One handler for both versions: their messages are the same. */
export function reflectionHandler(
  options: ReflectionOptions,
): Handler<AsyncIterable<ServerReflectionRequest>, ServerReflectionResponse> {
  let index: DescriptorIndex | undefined;
  return async function* (requests) {
    // Made by the first call and not before: most servers' start is waited for, and never reflected on.
    index ??= new DescriptorIndex(options.descriptors);
    for await (const request of requests) {
      const messageResponse = answer(request, index, options.services);
      yield { validHost: request.host, originalRequest: request, messageResponse };
    }
  };
}

function answer(
  { messageRequest }: ServerReflectionRequest,
  index: DescriptorIndex,
  services: ReflectionOptions["services"],
): Answer {
  switch (messageRequest?.$case) {
    case "fileByFilename":
      return files(index.file(messageRequest.value));
    case "fileContainingSymbol":
      return files(index.fileOf(messageRequest.value));
    case "fileContainingExtension": {
      const { containingType, extensionNumber } = messageRequest.value;
      return files(index.fileOfExtension(containingType, extensionNumber));
    }
    case "allExtensionNumbersOfType": {
      const baseTypeName = messageRequest.value;
      const extensionNumber = index.extensionsOf(baseTypeName);
      if (extensionNumber === undefined) return notFound();
      return { $case: "allExtensionNumbersResponse", value: { baseTypeName, extensionNumber } };
    }
    case "listServices": {
      const service = services().map((name) => ({ name }));
      return { $case: "listServicesResponse", value: { service } };
    }
    case undefined:
      return failure(status.INVALID_ARGUMENT, "message_request must be set");
  }
}

function files(fileDescriptorProto: FileBytes | undefined): Answer {
  if (fileDescriptorProto === undefined) return notFound();
  return { $case: "fileDescriptorResponse", value: { fileDescriptorProto } };
}

function notFound(): Answer {
  return failure(status.NOT_FOUND, "this server has no such name");
}

function failure(errorCode: status, errorMessage: string): Answer {
  return { $case: "errorResponse", value: { errorCode, errorMessage } };
}
