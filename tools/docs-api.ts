/** Writes docs/reference/api.md from gen/fds.binpb: the contract, with its comments, for people. */
import { readFileSync, writeFileSync } from "node:fs";
import {
  createFileRegistry,
  type DescEnum,
  type DescField,
  type DescFile,
  type DescMessage,
  type DescService,
  fromBinary,
  ScalarType,
} from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";

/** Field numbers of descriptor.proto, of which the paths to comments are made. */
const at = { message: 4, enum: 5, service: 6, member: 2 } as const;

const bytes = readFileSync(new URL("../gen/fds.binpb", import.meta.url));
const registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, bytes));
const files = [...registry.files].filter(({ proto }) => proto.package === "inferd.v1");

/** The comment of what lies at a path in a file, its lines joined to paragraphs. */
function commentOf(file: DescFile, ...path: readonly number[]): string {
  const key = path.join();
  const location = file.proto.sourceCodeInfo?.location.find((each) => each.path.join() === key);
  const text = location?.leadingComments ?? "";
  const paragraphs = text.split(/\n\s*\n/).map((part) => part.trim().replace(/\s*\n\s*/g, " "));
  return paragraphs.filter((part) => part !== "").join("\n\n");
}

const cell = (text: string): string => text.replaceAll("|", "\\|").replaceAll("\n\n", "<br>");

const anchor = (name: string): string => name.toLowerCase().replace(/[^a-z0-9-]/g, "");

function link(type: DescMessage | DescEnum): string {
  const isOurs = type.file.proto.package === "inferd.v1";
  return isOurs ? `[${type.name}](#${anchor(type.name)})` : `\`${type.typeName}\``;
}

const scalar = (type: ScalarType): string => `\`${ScalarType[type].toLowerCase()}\``;

function typeOf(field: DescField): string {
  switch (field.fieldKind) {
    case "scalar":
      return `${field.proto.proto3Optional ? "optional " : ""}${scalar(field.scalar)}`;
    case "message":
      return link(field.message);
    case "enum":
      return link(field.enum);
    case "list":
      return `repeated ${elementOf(field)}`;
    case "map":
      return `map of ${scalar(field.mapKey)} to ${elementOf(field)}`;
  }
}

function elementOf(field: DescField & { fieldKind: "list" | "map" }): string {
  if (field.message !== undefined) return link(field.message);
  if (field.enum !== undefined) return link(field.enum);
  return scalar(field.scalar);
}

function serviceSection(service: DescService, index: number): string {
  const methods = service.methods.map((method, place) => {
    const stream = method.methodKind === "server_streaming" ? "stream of " : "";
    const comment = commentOf(service.file, at.service, index, at.member, place);
    const shape = `${link(method.input)} → ${stream}${link(method.output)}`;
    return `### ${method.name}\n\n\`${service.typeName}/${method.name}\`: ${shape}\n\n${comment}\n`;
  });
  const comment = commentOf(service.file, at.service, index);
  return `## ${service.name}\n\n${comment}\n\n${methods.join("\n")}`;
}

function messageSection(message: DescMessage, index: number): string {
  const rows = message.fields.map((field, place) => {
    const comment = commentOf(message.file, at.message, index, at.member, place);
    const choice = field.oneof === undefined ? "" : `One of \`${field.oneof.name}\`. `;
    return `| ${field.number} | \`${field.name}\` | ${typeOf(field)} | ${choice}${cell(comment)} |`;
  });
  const header = "| # | Field | Type | Meaning |\n| --- | --- | --- | --- |\n";
  const fields = rows.length === 0 ? "It has no fields." : `${header}${rows.join("\n")}`;
  return `### ${message.name}\n\n${commentOf(message.file, at.message, index)}\n\n${fields}\n`;
}

function enumSection(type: DescEnum, index: number): string {
  const rows = type.values.map((value, place) => {
    const comment = commentOf(type.file, at.enum, index, at.member, place);
    return `| ${value.number} | \`${value.name}\` | ${cell(comment)} |`;
  });
  const header = "| # | Value | Meaning |\n| --- | --- | --- |\n";
  const comment = commentOf(type.file, at.enum, index);
  return `### ${type.name}\n\n${comment}\n\n${header}${rows.join("\n")}\n`;
}

const services = files.flatMap((file) => file.services.map(serviceSection));
const types = files.flatMap((file) => [
  ...file.messages.map(messageSection),
  ...file.enums.map(enumSection),
]);

const page = `# API reference

<!-- Generated from proto/inferd/v1 by tools/docs-api.ts. Do not edit: run "make gen". -->

Package \`inferd.v1\`. The server also answers \`grpc.health.v1.Health\` and \`grpc.reflection.v1\` (and \`v1alpha\`), so that
grpcurl and its like need no proto file. How calls fail is in [errors.md](errors.md).

${services.join("\n")}
## Messages and enums

${types.join("\n")}`;

writeFileSync(new URL("../docs/reference/api.md", import.meta.url), page);
