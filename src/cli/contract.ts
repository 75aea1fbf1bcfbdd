/** Messages by their descriptors: JSON to message, and message to the contract's JSON. */
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

/** Converts bytes of a message of inferd's own contract to JSON. */
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

/** Throws an Error that names the field if the JSON does not fit the message. */
export function encodeJson(type: DescMessage, json: JsonValue, registry: FileRegistry): Buffer {
  return Buffer.from(toBinary(type, fromJson(type, json, { registry })));
}
