import { fromBinary } from "@bufbuild/protobuf";
import { BinaryReader } from "@bufbuild/protobuf/wire";
import {
  type DescriptorProto,
  type EnumDescriptorProto,
  type FieldDescriptorProto,
  type FileDescriptorProto,
  FileDescriptorProtoSchema,
} from "@bufbuild/protobuf/wkt";

interface File {
  readonly bytes: Buffer;
  readonly imports: readonly string[];
}

/** Finds the proto file that declares a name. Names are full, without a leading dot. */
export class DescriptorIndex {
  readonly #files = new Map<string, File>();
  /** Name of a symbol → name of its file. */
  readonly #symbols = new Map<string, string>();
  /** Name of a message → number of an extension → name of the extension's file. */
  readonly #extensions = new Map<string, Map<number, string>>();

  /** Takes a serialised `FileDescriptorSet`. */
  constructor(set: Uint8Array) {
    for (const bytes of filesOf(set)) {
      const file = fromBinary(FileDescriptorProtoSchema, bytes);
      this.#files.set(file.name, { bytes, imports: file.dependency });
      this.#indexFile(file);
    }
  }

  /** A file's bytes and those of all that it imports, itself first. Undefined for an unknown name. */
  file(name: string): readonly Buffer[] | undefined {
    if (!this.#files.has(name)) return undefined;
    const names = new Set([name]);
    // A set's loop reaches what is added on the way.
    for (const each of names)
      for (const imported of this.#files.get(each)?.imports ?? []) names.add(imported);
    return Array.from(names).flatMap((each) => this.#files.get(each)?.bytes ?? []);
  }

  /** The file that declares a message, field, enum, value, service or method. */
  fileOf(symbol: string): readonly Buffer[] | undefined {
    return this.file(this.#symbols.get(symbol) ?? "");
  }

  fileOfExtension(message: string, number: number): readonly Buffer[] | undefined {
    return this.file(this.#extensions.get(message)?.get(number) ?? "");
  }

  /** Undefined for an unknown message. */
  extensionsOf(message: string): readonly number[] | undefined {
    if (!this.#symbols.has(message)) return undefined;
    return Array.from(this.#extensions.get(message)?.keys() ?? []);
  }

  #indexFile(file: FileDescriptorProto): void {
    const add = (parent: string, name: string): string => {
      const full = parent === "" ? name : `${parent}.${name}`;
      this.#symbols.set(full, file.name);
      return full;
    };
    for (const message of file.messageType) this.#indexMessage(message, file.package, add);
    for (const each of file.enumType) indexEnum(each, file.package, add);
    for (const each of file.extension) this.#indexExtension(each, add(file.package, each.name));
    for (const service of file.service) {
      const name = add(file.package, service.name);
      for (const method of service.method) add(name, method.name);
    }
  }

  #indexMessage(message: DescriptorProto, parent: string, add: Add): void {
    const name = add(parent, message.name);
    for (const field of message.field) add(name, field.name);
    for (const each of message.oneofDecl) add(name, each.name);
    for (const each of message.enumType) indexEnum(each, name, add);
    for (const each of message.extension) this.#indexExtension(each, add(name, each.name));
    for (const nested of message.nestedType) this.#indexMessage(nested, name, add);
  }

  #indexExtension(extension: FieldDescriptorProto, name: string): void {
    const message = extension.extendee.replace(/^\./, "");
    const files = this.#extensions.get(message) ?? new Map<number, string>();
    files.set(extension.number, this.#symbols.get(name) ?? "");
    this.#extensions.set(message, files);
  }
}

/** Adds a name to what encloses it; returns its full name. */
type Add = (parent: string, name: string) => string;

/** An enum's values are its siblings, as in C++. Some clients look below it; both are found. */
function indexEnum(each: EnumDescriptorProto, parent: string, add: Add): void {
  const name = add(parent, each.name);
  for (const value of each.value) {
    add(parent, value.name);
    add(name, value.name);
  }
}

/** The bytes of each file of a set, as they stand: `repeated FileDescriptorProto file = 1`. */
function* filesOf(set: Uint8Array): Generator<Buffer> {
  const reader = new BinaryReader(set);
  while (reader.pos < reader.len) {
    const [field, wireType] = reader.tag();
    if (field === 1) yield Buffer.from(reader.bytes());
    else reader.skip(wireType);
  }
}
