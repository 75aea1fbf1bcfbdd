/** Messages by their descriptors: how JSON becomes a message, and a message the contract's own JSON. */
import {
  type DescMessage,
  type FileRegistry,
  fromBinary,
  fromJson,
  type JsonValue,
  toBinary,
  toJson,
} from "@bufbuild/protobuf";
import { readDescriptors } from "../contract/descriptors.ts";

/** What gives the JSON of a message of inferd's own contract, from its bytes. */
export function jsonWriter(typeName: string): (bytes: Uint8Array) => JsonValue {
  const { registry } = readDescriptors();
  const type = registry.getMessage(typeName);
  if (type === undefined) throw new Error(`bug: no message ${typeName} in the contract`);
  return (bytes) => decodeJson(type, bytes, registry);
}

export function decodeJson(
  type: DescMessage,
  bytes: Uint8Array,
  registry: FileRegistry,
): JsonValue {
  return toJson(type, fromBinary(type, bytes), { registry });
}

/** Throws an Error that names the field where the JSON does not fit the message. */
export function encodeJson(type: DescMessage, json: JsonValue, registry: FileRegistry): Buffer {
  return Buffer.from(toBinary(type, fromJson(type, json, { registry })));
}
