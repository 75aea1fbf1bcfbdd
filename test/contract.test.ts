/**
 * What no request can ask for. Each of these let callers of another server read or write files, reach
 * other hosts, run code or fill memory. A field whose name looks like one of them is refused here, until
 * its row in `allowed` says what bounds it and which test shows that.
 */
import { existsSync, readFileSync } from "node:fs";
import { type DescMessage, ScalarType } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import { readDescriptors } from "../src/contract/descriptors.ts";

interface Field {
  /** Full, such as `inferd.v1.GenerateRequest.prompt`. */
  readonly name: string;
  /** Its own name and the type of a scalar, such as `prompt STRING`. */
  readonly shape: string;
}

interface Allowed {
  /** The full name of the field. */
  readonly field: string;
  /** What makes it safe: the bound that callers meet. */
  readonly bound: string;
  /** The test that shows it: a file, and a title in it. */
  readonly test: { readonly file: string; readonly title: string };
}

interface Danger {
  readonly attacks: string;
  readonly pattern: RegExp;
  readonly allowed: readonly Allowed[];
}

const dangers: readonly Danger[] = [
  {
    attacks:
      "CVE-2023-31036, CVE-2026-24208, CVE-2026-47487, CVE-2026-47606 (Triton: models by paths)",
    pattern: /path|dir|folder|file/,
    allowed: [],
  },
  {
    attacks: "CVE-2023-43654, CVE-2024-35198 (TorchServe: models by URLs)",
    pattern: /ur[il]|host|address|endpoint/,
    allowed: [],
  },
  {
    attacks: "CVE-2024-0087 (Triton: a log file by its path)",
    pattern: /^log(?!it)|level|trace/,
    allowed: [],
  },
  {
    attacks: "CVE-2025-23319, CVE-2025-23334 (Triton: memory shared with callers)",
    pattern: /shm|shared|region/,
    allowed: [],
  },
  {
    attacks: "CVE-2025-62426 (vLLM: chat templates of callers)",
    pattern: /template|kwargs|jinja/,
    allowed: [
      {
        field: "inferd.v1.Chat.template_arguments",
        bound:
          "bytes and levels; variables alone, never the template or what the server gives it; rendering is bounded in time and size",
        test: {
          file: "test/unit/contract/chat.test.ts",
          title: "arguments of a chat template are bounded, and never the server's own",
        },
      },
    ],
  },
  {
    attacks: "CVE-2025-29770 (vLLM: grammars, cached on disk)",
    pattern: /grammar|schema|regex|guided|format/,
    allowed: [
      ...["json_schema", "regex", "grammar"].map((field) => `Constraint.${field}`),
      "FunctionTool.parameters_schema",
    ].map((field) => ({
      field: `inferd.v1.${field}`,
      bound: "bytes, time and memory of compiling; at most 128 are remembered, in memory alone",
      test: {
        file: "test/unit/constraint/compiler.test.ts",
        title: "hostile constraints are refused or compiled within bounds",
      },
    })),
  },
  {
    attacks: "CVE-2026-73557 (vLLM: tensors, again)",
    pattern: /tensor|embeds| BYTES$/,
    allowed: [],
  },
  {
    attacks: "CVE-2024-45436, CVE-2026-103663 (Ollama: archives and digests of models)",
    pattern: /digest|blob|archive|pull|layer/,
    allowed: [],
  },
];

/** All fields that a message can hold, those of its parts included. */
function fieldsOf(message: DescMessage, seen: Set<string>): readonly Field[] {
  if (seen.has(message.typeName)) return [];
  seen.add(message.typeName);
  return message.fields.flatMap((field) => {
    const type = field.scalar === undefined ? "" : ` ${ScalarType[field.scalar]}`;
    const own = { name: `${message.typeName}.${field.name}`, shape: `${field.name}${type}` };
    const key =
      field.fieldKind === "map" ? [{ name: `${own.name}.key`, shape: keyShape(field) }] : [];
    return [own, ...key, ...(field.message ? fieldsOf(field.message, seen) : [])];
  });
}

const keyShape = ({ mapKey }: { readonly mapKey: ScalarType }) => `key ${ScalarType[mapKey]}`;

const requests = Array.from(readDescriptors().registry)
  .filter((each) => each.kind === "service")
  .filter(({ file }) => file.proto.package === "inferd.v1")
  .flatMap(({ methods }) => methods.map(({ input }) => input));

// Methods may share one, or a part of it.
const seen = new Set<string>();
const fields = requests.flatMap((request) => fieldsOf(request, seen));

/** Fields that look dangerous and have no row. */
function unexplained({ pattern, allowed }: Danger, among: readonly Field[]): readonly string[] {
  const known = new Set(allowed.map(({ field }) => field));
  return among
    .filter(({ name, shape }) => pattern.test(shape) && !known.has(name))
    .map(({ name }) => name);
}

/** What is wrong with the rows: one for no field, without a bound, or whose test is not there. */
function wrongRows({ pattern, allowed }: Danger, among: readonly Field[]): readonly string[] {
  return allowed.flatMap(({ field, bound, test: { file, title } }) => {
    const found = among.some(({ name, shape }) => name === field && pattern.test(shape));
    const isShown = existsSync(file) && readFileSync(file, "utf8").includes(`"${title}"`);
    return [
      ...(found ? [] : [`${field} is no such field`]),
      ...(bound === "" ? [`${field} has no bound`] : []),
      ...(isShown ? [] : [`${field}: no test "${title}" in ${file}`]),
    ];
  });
}

it("reads the fields of requests, those deep inside too", () => {
  expect(fields.map(({ shape }) => shape)).toEqual(
    expect.arrayContaining(["prompt STRING", "content STRING", "logit_bias FLOAT", "key UINT32"]),
  );
});

it.each(dangers)("has nothing like $attacks in any request but what is bounded", (danger) => {
  expect(unexplained(danger, fields)).toEqual([]);
  expect(wrongRows(danger, fields)).toEqual([]);
});

describe("a field that looks dangerous", () => {
  const title = "reads the fields of requests, those deep inside too";
  const row: Allowed = {
    field: "inferd.v1.ChatMessage.content",
    bound: "4 MiB",
    test: { file: "test/contract.test.ts", title },
  };
  const danger = (...allowed: readonly Allowed[]) => ({
    attacks: "",
    pattern: /^content/,
    allowed,
  });

  it("is refused without a row, and allowed with one", () => {
    expect(unexplained(danger(), fields)).toEqual([row.field]);
    expect(unexplained(danger(row), fields)).toEqual([]);
    expect(wrongRows(danger(row), fields)).toEqual([]);
  });

  it.each<[string, Partial<Allowed>]>([
    ["names no field", { field: "inferd.v1.ChatMessage.text" }],
    ["names a field that looks like none", { field: "inferd.v1.GenerateRequest.prompt" }],
    ["has no bound", { bound: "" }],
    ["has no test", { test: { file: "test/contract.test.ts", title: "no such title".repeat(2) } }],
    ["has no file", { test: { file: "test/none.test.ts", title } }],
  ])("is refused where its row %s", (_, part) => {
    expect(wrongRows(danger({ ...row, ...part }), fields)).toHaveLength(1);
  });
});
