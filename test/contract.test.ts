/**
 * What no request can ask for. Each of these let callers of another server read or write files, reach
 * other hosts, run code or fill memory; here the contract has no field for it, and none may come unseen.
 */
import { readFileSync } from "node:fs";
import { fromBinary } from "@bufbuild/protobuf";
import {
  type DescriptorProto,
  type FieldDescriptorProto,
  FieldDescriptorProto_Type,
  FileDescriptorSetSchema,
} from "@bufbuild/protobuf/wkt";
import { expect, it } from "vitest";

const files = fromBinary(FileDescriptorSetSchema, readFileSync("gen/fds.binpb")).file;

function named(scope: string, message: DescriptorProto): (readonly [string, DescriptorProto])[] {
  const name = `${scope}.${message.name}`;
  return [[name, message], ...message.nestedType.flatMap((inner) => named(name, inner))];
}

const messages = new Map(
  files.flatMap((file) => file.messageType.flatMap((each) => named(`.${file.package}`, each))),
);

/** All fields that a message can hold, those of its parts included. */
function fieldsOf(name: string, seen = new Set<string>()): FieldDescriptorProto[] {
  const message = messages.get(name);
  if (message === undefined || seen.has(name)) return [];
  seen.add(name);
  return message.field.flatMap((field) => [field, ...fieldsOf(field.typeName, seen)]);
}

const fields = files
  .filter((file) => file.package === "inferd.v1")
  .flatMap((file) => file.service.flatMap(({ method }) => method))
  .flatMap(({ inputType }) => fieldsOf(inputType))
  .map(({ name, type }) => `${name} ${FieldDescriptorProto_Type[type]}`);

it("reads the fields of requests, those deep inside too", () => {
  expect(fields).toEqual(
    expect.arrayContaining(["prompt STRING", "content STRING", "logit_bias MESSAGE", "key UINT32"]),
  );
});

it.each([
  [
    "CVE-2023-31036, CVE-2026-24208, CVE-2026-47487, CVE-2026-47606 (Triton: models by paths)",
    /path|dir|folder|file/,
  ],
  ["CVE-2023-43654, CVE-2024-35198 (TorchServe: models by URLs)", /ur[il]|host|address|endpoint/],
  ["CVE-2024-0087 (Triton: a log file by its path)", /^log(?!it)|level|trace/],
  ["CVE-2025-23319, CVE-2025-23334 (Triton: memory shared with callers)", /shm|shared|region/],
  ["CVE-2025-62426 (vLLM: chat templates of callers)", /template|kwargs|jinja/],
  ["CVE-2025-29770 (vLLM: grammars, cached on disk)", /grammar|schema|regex|guided|format/],
  ["CVE-2026-73557 (vLLM: tensors, again)", /tensor|embeds| BYTES$/],
  [
    "CVE-2024-45436, CVE-2026-103663 (Ollama: archives and digests of models)",
    /digest|blob|archive|pull|layer/,
  ],
])("has nothing like %s in any request", (_, pattern) => {
  expect(fields.filter((field) => pattern.test(field))).toEqual([]);
});
