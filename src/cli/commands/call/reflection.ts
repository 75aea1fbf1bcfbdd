/** Reads a server's contract by gRPC reflection. */
import { create, createFileRegistry, type FileRegistry, fromBinary } from "@bufbuild/protobuf";
import {
  type FileDescriptorProto,
  FileDescriptorProtoSchema,
  FileDescriptorSetSchema,
} from "@bufbuild/protobuf/wkt";
import {
  ServerReflectionRequest,
  type ServerReflectionResponse,
  ServerReflectionService,
} from "../../../../gen/grpc/reflection/v1/reflection.ts";
import type { Server } from "../../client.ts";

type Question = NonNullable<ServerReflectionRequest["messageRequest"]>;

/** The names of all services of the server. */
export async function listServices(server: Server): Promise<readonly string[]> {
  const [answer] = await ask(server, [{ $case: "listServices", value: "*" }]);
  if (answer?.$case !== "listServicesResponse") return [];
  return answer.value.service.map(({ name }) => name);
}

/** All files that define the services' methods and messages. */
export async function reflect(server: Server, services: readonly string[]): Promise<FileRegistry> {
  const files = new Map<string, FileDescriptorProto>();
  let questions: readonly Question[] = services.map((value) => ({
    $case: "fileContainingSymbol",
    value,
  }));
  // A server may answer with the requested file only, or with all its dependencies.
  while (questions.length > 0) {
    for (const answer of await ask(server, questions)) {
      if (answer.$case !== "fileDescriptorResponse") continue;
      for (const bytes of answer.value.fileDescriptorProto) {
        const file = fromBinary(FileDescriptorProtoSchema, bytes);
        files.set(file.name, file);
      }
    }
    const asked = questions;
    questions = missing(files).map((value) => ({ $case: "fileByFilename", value }));
    const isStuck = questions.some(({ value }) =>
      asked.some((question) => question.value === value),
    );
    if (isStuck) throw new Error("the server's reflection does not know all that its services use");
  }
  return createFileRegistry(create(FileDescriptorSetSchema, { file: inOrder(files) }));
}

type Answer = NonNullable<ServerReflectionResponse["messageResponse"]>;

async function ask(server: Server, questions: readonly Question[]): Promise<readonly Answer[]> {
  const requests = questions.map((messageRequest) =>
    ServerReflectionRequest.fromPartial({ messageRequest }),
  );
  const answers: Answer[] = [];
  const responses = server.call(ServerReflectionService.serverReflectionInfo, requests);
  for await (const { messageResponse } of responses) {
    if (messageResponse === undefined) continue;
    if (messageResponse.$case === "errorResponse") {
      throw new Error(`the server's reflection says: ${messageResponse.value.errorMessage}`);
    }
    answers.push(messageResponse);
  }
  return answers;
}

function missing(files: ReadonlyMap<string, FileDescriptorProto>): readonly string[] {
  const named = [...files.values()].flatMap((file) => file.dependency);
  return [...new Set(named)].filter((name) => !files.has(name));
}

/** Orders files so that each follows its imports, as a registry needs them. */
function inOrder(files: ReadonlyMap<string, FileDescriptorProto>): FileDescriptorProto[] {
  const ordered = new Set<FileDescriptorProto>();
  const visit = (name: string): void => {
    const file = files.get(name);
    if (file === undefined || ordered.has(file)) return;
    file.dependency.forEach(visit);
    ordered.add(file);
  };
  [...files.keys()].forEach(visit);
  return [...ordered];
}
