import { readFileSync } from "node:fs";
import { fromBinary } from "@bufbuild/protobuf";
import {
  type DescriptorProto,
  type EnumDescriptorProto,
  FileDescriptorSetSchema,
} from "@bufbuild/protobuf/wkt";
import { expect, it } from "vitest";
import { readDescriptors } from "../../../src/contract/descriptors.ts";
import { DescriptorIndex } from "../../../src/grpc/descriptors.ts";

const index = new DescriptorIndex(readDescriptors());
const { file: files } = fromBinary(FileDescriptorSetSchema, readFileSync("gen/fds.binpb"));

const under = (scope: string, parts: readonly { readonly name: string }[]): string[] =>
  parts.map(({ name }) => `${scope}.${name}`);

/** An enum's values are found as its siblings and below it. */
const enumNames = (scope: string, { name, value }: EnumDescriptorProto): string[] => [
  `${scope}.${name}`,
  ...under(scope, value),
  ...under(`${scope}.${name}`, value),
];

function messageNames(scope: string, message: DescriptorProto): string[] {
  const name = `${scope}.${message.name}`;
  const { field, oneofDecl, extension, enumType, nestedType } = message;
  return [
    name,
    ...under(name, [...field, ...oneofDecl, ...extension]),
    ...enumType.flatMap((each) => enumNames(name, each)),
    ...nestedType.flatMap((each) => messageNames(name, each)),
  ];
}

const names = files.flatMap((file) => {
  const scope = file.package;
  const all = [
    ...file.messageType.flatMap((each) => messageNames(scope, each)),
    ...file.enumType.flatMap((each) => enumNames(scope, each)),
    ...file.service.flatMap(({ name, method }) => [
      `${scope}.${name}`,
      ...under(`${scope}.${name}`, method),
    ]),
    ...under(scope, file.extension),
  ];
  return all.map((name) => [name, file.name] as const);
});

it("finds the file of every name that is declared, entries of maps and oneofs of optional fields too", () => {
  expect(names.length).toBeGreaterThan(400);
  expect(names.map(([name]) => name)).toEqual(
    expect.arrayContaining(["inferd.v1.Sampling.LogitBiasEntry.key", "inferd.v1.Sampling._seed"]),
  );
  const lost = names.filter(([name, file]) => index.fileOf(name)?.[0] !== index.file(file)?.[0]);
  expect(lost).toEqual([]);
});

it("finds each file, and none for what nothing declares", () => {
  for (const { name } of files) expect(index.file(name)).toBeDefined();
  expect([index.file(""), index.fileOf(""), index.fileOf("inferd.v1")]).toEqual([
    undefined,
    undefined,
    undefined,
  ]);
});
