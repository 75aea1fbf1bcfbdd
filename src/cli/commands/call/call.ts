/** `inferd call`: any method of any gRPC server, with JSON in and JSON out, by reflection. */
import type { DescMethod, DescService, FileRegistry, JsonValue } from "@bufbuild/protobuf";
import { errorMessage } from "../../../base/text.ts";
import { readDescriptors } from "../../../contract/descriptors.ts";
import { type Method, type Server, withServer } from "../../client.ts";
import { decodeJson, encodeJson } from "../../contract.ts";
import { UsageError } from "../../failure.ts";
import type { ConnectionFlags } from "../../flags/connection.ts";
import { readText } from "../../input.ts";
import { toJsonText, write } from "../../print.ts";
import { listServices, reflect } from "./reflection.ts";

export interface CallFlags extends ConnectionFlags {
  readonly protoset?: string;
}

/** Description of the server: its services by name, and the types of their messages. */
interface Contract {
  readonly services: readonly DescService[];
  readonly registry: FileRegistry;
}

export async function call(
  name: string | undefined,
  argument: string | undefined,
  flags: CallFlags,
): Promise<void> {
  await withServer(flags, async (server) => {
    const contract = await contractOf(server, flags.protoset);
    if (name === undefined) return write(listing(contract));
    const method = findMethod(contract, name);
    const requests = parseRequests(await readText(argument ?? "{}", "the request"), method);
    const bytes = requests.map((json) => encode(method, json, contract));
    const compact = method.methodKind !== "unary" && method.methodKind !== "client_streaming";
    for await (const response of server.call(wireMethod(method), bytes)) {
      const json = decodeJson(method.output, response, contract.registry);
      await write(`${toJsonText(json, compact ? undefined : 2)}\n`);
    }
  });
}

async function contractOf(server: Server, protoset: string | undefined): Promise<Contract> {
  if (protoset === undefined) {
    const names = await listServices(server);
    const registry = await reflect(server, names);
    return { registry, services: names.flatMap((name) => registry.getService(name) ?? []) };
  }
  const registry = openProtoset(protoset);
  const services = [...registry].filter((type) => type.kind === "service");
  return { registry, services };
}

function openProtoset(path: string): FileRegistry {
  try {
    return readDescriptors(path).registry;
  } catch (error) {
    throw new UsageError(
      `--protoset cannot be read as a set of descriptors: ${errorMessage(error)}`,
    );
  }
}

/** Finds `inferd.v1.ModelService/ListModels`, also by an unambiguous ending such as `ListModels`. */
export function findMethod({ services }: Pick<Contract, "services">, name: string): DescMethod {
  const methods = services.flatMap((service) => service.methods);
  const wanted = name.replace(/^\//, "").replace(/\.(?=[^./]*$)/, "/");
  const exact = methods.find((method) => fullName(method) === wanted);
  if (exact !== undefined) return exact;
  const ending = methods.filter((method) => endsWithName(fullName(method), wanted));
  const [found, another] = ending;
  if (found !== undefined && another === undefined) return found;
  const known = (found === undefined ? methods : ending).map(fullName).join("\n  ");
  const what = found === undefined ? "no method is called" : "several methods are called";
  throw new UsageError(`${what} ${name}; there are\n  ${known}`);
}

const fullName = (method: DescMethod): string => `${method.parent.typeName}/${method.name}`;

function endsWithName(full: string, wanted: string): boolean {
  const [a, b] = [full.toLowerCase(), wanted.toLowerCase()];
  return a.endsWith(`/${b}`) || a.endsWith(`.${b}`);
}

/** One JSON document. A method that takes a stream takes one per line. */
function parseRequests(text: string, method: DescMethod): readonly JsonValue[] {
  const streams =
    method.methodKind === "client_streaming" || method.methodKind === "bidi_streaming";
  const documents = streams ? text.split("\n").filter((line) => line.trim() !== "") : [text];
  return documents.map((document) => {
    try {
      // JSON.parse returns JSON values, whatever its type says.
      return JSON.parse(document) as JsonValue;
    } catch (error) {
      throw new UsageError(`the request is not JSON: ${(error as Error).message}`);
    }
  });
}

function encode(method: DescMethod, json: JsonValue, { registry }: Contract): Buffer {
  try {
    return encodeJson(method.input, json, registry);
  } catch (error) {
    throw new UsageError(`the request is no ${method.input.typeName}: ${errorMessage(error)}`);
  }
}

function wireMethod(method: DescMethod): Method<Buffer, Buffer> {
  const same = (bytes: Buffer): Buffer => bytes;
  return { path: `/${fullName(method)}`, requestSerialize: same, responseDeserialize: same };
}

function listing({ services }: Contract): string {
  return services
    .flatMap((service) => service.methods)
    .map((method) => `${fullName(method)}\n`)
    .join("");
}
