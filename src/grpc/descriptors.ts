/** Finds the proto file that declares a name. Names are full, without a leading dot. */
import type { DescFile } from "@bufbuild/protobuf";
import { nestedTypes } from "@bufbuild/protobuf/reflect";
import type { Descriptors } from "../contract/descriptors.ts";

type Type = ReturnType<typeof nestedTypes> extends Iterable<infer Each> ? Each : never;

/**
 * A file's bytes and those of all that it imports: itself first, and each before all that it imports. Clients that build
 * files as they come, from the last to the first, find every import there.
 */
export type FileBytes = readonly Buffer[];

export class DescriptorIndex {
  readonly #descriptors: Descriptors;
  /** By the name of a symbol. */
  readonly #declared = new Map<string, DescFile>();

  constructor(descriptors: Descriptors) {
    this.#descriptors = descriptors;
    for (const file of descriptors.registry.files) {
      for (const type of nestedTypes(file))
        for (const name of namesOf(type)) this.#declared.set(name, file);
    }
  }

  /** Undefined for an unknown name; so are the others. */
  file(name: string): FileBytes | undefined {
    return this.#withImports(this.#descriptors.registry.getFile(name));
  }

  /** The file that declares a message, field, enum, value, service or method. */
  fileOf(symbol: string): FileBytes | undefined {
    return this.#withImports(this.#declared.get(symbol));
  }

  fileOfExtension(message: string, number: number): FileBytes | undefined {
    const extended = this.#descriptors.registry.getMessage(message);
    return this.#withImports(
      extended && this.#descriptors.registry.getExtensionFor(extended, number)?.file,
    );
  }

  extensionsOf(message: string): readonly number[] | undefined {
    if (this.#descriptors.registry.getMessage(message) === undefined) return undefined;
    return Array.from(this.#descriptors.registry).flatMap((type) =>
      type.kind === "extension" && type.extendee.typeName === message ? [type.number] : [],
    );
  }

  #withImports(file: DescFile | undefined): FileBytes | undefined {
    if (file === undefined) return undefined;
    const files = Array.from(importsFirst(file)).reverse();
    return files.flatMap(({ proto }) => this.#descriptors.files.get(proto.name) ?? []);
  }
}

function importsFirst(file: DescFile, found = new Set<DescFile>()): ReadonlySet<DescFile> {
  for (const imported of file.dependencies) if (!found.has(imported)) importsFirst(imported, found);
  return found.add(file);
}

/** A type's own name, and those that it declares. */
function namesOf(type: Type): readonly string[] {
  const { typeName } = type;
  const within = (parts: readonly { readonly name: string }[]) =>
    parts.map(({ name }) => `${typeName}.${name}`);
  switch (type.kind) {
    case "message": {
      const { field, oneofDecl, nestedType } = type.proto;
      // Entries of maps are messages that the registry keeps to itself.
      const entries = nestedType.flatMap((entry) => [
        entry,
        ...entry.field.map(({ name }) => ({ name: `${entry.name}.${name}` })),
      ]);
      return [typeName, ...within(field), ...within(oneofDecl), ...within(entries)];
    }
    case "enum": {
      // An enum's values are its siblings, as in C++. Some clients look below it; both are found.
      const scope = typeName.slice(0, -type.name.length);
      const { value } = type.proto;
      return [typeName, ...within(value), ...value.map(({ name }) => scope + name)];
    }
    case "service":
      return [typeName, ...within(type.proto.method)];
    case "extension":
      return [typeName];
  }
}
