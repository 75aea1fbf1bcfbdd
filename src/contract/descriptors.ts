/** The protos of all services as data, from a descriptor set as `buf build --as-file-descriptor-set` and `protoc -o` write it. */
import { readFileSync } from "node:fs";
import { create, createFileRegistry, type FileRegistry, fromBinary } from "@bufbuild/protobuf";
import { BinaryReader, BinaryWriter } from "@bufbuild/protobuf/wire";
import { FileDescriptorProtoSchema, FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";

export interface Descriptors {
  /** All types by their names, without comments. */
  readonly registry: FileRegistry;
  /** Each file's bytes as they were built, by its name. */
  readonly files: ReadonlyMap<string, Buffer>;
}

const shipped = new URL("../../gen/fds.binpb", import.meta.url);

/** Without a path, reads inferd's own. */
export function readDescriptors(path: string | URL = shipped): Descriptors {
  const files = Array.from(filesOf(readFileSync(path)), (bytes) => ({
    bytes,
    proto: fromBinary(FileDescriptorProtoSchema, withoutComments(bytes)),
  }));
  const file = files.map(({ proto }) => proto);
  return {
    registry: createFileRegistry(create(FileDescriptorSetSchema, { file })),
    files: new Map(files.map(({ bytes, proto }) => [proto.name, bytes])),
  };
}

function* filesOf(set: Uint8Array): Generator<Buffer> {
  const reader = new BinaryReader(set);
  while (reader.pos < reader.len) {
    const [field, wireType] = reader.tag();
    if (field === FileDescriptorSetSchema.field.file.number) yield Buffer.from(reader.bytes());
    else reader.skip(wireType);
  }
}

/** Comments and places in the source are most of a file, and take two thirds of the time that a server needs to read it. */
function withoutComments(file: Uint8Array): Uint8Array {
  const reader = new BinaryReader(file);
  const writer = new BinaryWriter();
  while (reader.pos < reader.len) {
    const start = reader.pos;
    const [field, wireType] = reader.tag();
    reader.skip(wireType, field);
    const isSource = field === FileDescriptorProtoSchema.field.sourceCodeInfo.number;
    if (!isSource) writer.raw(file.subarray(start, reader.pos));
  }
  return writer.finish();
}
