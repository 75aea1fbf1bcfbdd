import type { DescMessage } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import { EmbedRequest } from "../../../gen/inferd/v1/embedding_service.ts";
import { GenerateRequest } from "../../../gen/inferd/v1/generation_service.ts";
import { GetModelRequest, ListModelsRequest } from "../../../gen/inferd/v1/model_service.ts";
import { ServeError, type Violation } from "../../../src/base/errors.ts";
import { readDescriptors } from "../../../src/contract/descriptors.ts";
import { ownMethods, ruleOf } from "../../../src/contract/methods.ts";
import { protoName } from "../../../src/contract/validation/messages.ts";
import type { Rule } from "../../../src/contract/validation/rule.ts";
import { validated } from "../../../src/contract/validation/validated.ts";

const limits = {
  maxMessageBytes: 8_388_608,
  maxResponseBytes: 4_194_304,
  maxInputs: 4,
  maxTokens: 100,
  maxPromptTokens: 2000,
  maxStops: 16,
  maxStopBytes: 256,
  maxLogitBias: 1024,
  maxQueuedJobs: 256,
  maxQueuedTokens: 4_194_304,
  maxQueuedJobsTotal: 1024,
  maxQueuedTokensTotal: 16_777_216,
  maxCallMs: 600_000,
  waitForModel: "off",
} as const;
const rules = {
  generate: ruleOf("inferd.v1.GenerationService/Generate", limits),
  embed: ruleOf("inferd.v1.EmbeddingService/Embed", limits),
  listModels: ruleOf("inferd.v1.ModelService/ListModels", limits),
  getModel: ruleOf("inferd.v1.ModelService/GetModel", limits),
};

/** What is wrong with a request that is fine but for `part`, by field. */
function reasonsIn(part: Part): Readonly<Record<string, string>> {
  const request = GenerateRequest.fromPartial({ input: { $case: "prompt", value: "hi" }, ...part });
  const wrong = violations(rules.generate, request);
  return Object.fromEntries(wrong.map(({ field, reason }) => [field, reason]));
}

function violations<M>(rule: Rule<M>, request: M): readonly Violation[] {
  const handler = validated(rule, () =>
    (async function* () {
      yield* [];
      await Promise.resolve();
    })(),
  );
  try {
    handler(request, {} as never);
    return [];
  } catch (thrown) {
    const error = ServeError.from(thrown);
    expect(error.reason).toBe("FIELD_INVALID");
    expect(error.facts["violations"]).toBe(String(error.violations.length));
    return error.violations;
  }
}

type Part = Parameters<typeof GenerateRequest.fromPartial>[0];

/** The fields that are wrong in a request which is fine but for `part`, as it comes off the wire. */
function wrongIn(part: Part): string[] {
  const request = GenerateRequest.fromPartial({ input: { $case: "prompt", value: "hi" }, ...part });
  const received = GenerateRequest.decode(GenerateRequest.encode(request).finish());
  return violations(rules.generate, received).map(({ field }) => field);
}

describe("the rules of a generation request", () => {
  const overlong = "x".repeat(4_194_305);
  const bad: [string, Part, string[]][] = [
    ["no input", { input: undefined }, ["input"]],
    ["an empty prompt", { input: { $case: "prompt", value: "" } }, ["prompt"]],
    ["a prompt that is too long", { input: { $case: "prompt", value: overlong } }, ["prompt"]],
    [
      "a chat without messages",
      { input: { $case: "chat", value: { messages: [] } } },
      ["chat.messages"],
    ],
    [
      "a message without a role",
      { input: { $case: "chat", value: { messages: [{ role: 2 }, { role: 0 }] } } },
      ["chat.messages[1].role"],
    ],
    [
      "a role that is not known",
      { input: { $case: "chat", value: { messages: [{ role: 77 as never }] } } },
      ["chat.messages[0].role"],
    ],
    [
      "a message that is too long",
      { input: { $case: "chat", value: { messages: [{ role: 2, content: overlong }] } } },
      ["chat.messages[0].content"],
    ],
    [
      "too many messages",
      {
        input: {
          $case: "chat",
          value: { messages: Array.from({ length: 1025 }, () => ({ role: 2 as const })) },
        },
      },
      ["chat.messages"],
    ],
    ["no tokens", { input: { $case: "tokenIds", value: { ids: [] } } }, ["token_ids.ids"]],
    ["a model's name that is too long", { model: "m".repeat(129) }, ["model"]],
    [
      "too many stops",
      { sampling: { stop: Array.from({ length: 17 }, () => "") } },
      ["sampling.stop"],
    ],
    ["an empty stop", { sampling: { stop: ["a", ""] } }, ["sampling.stop[1]"]],
    [
      "a stop too long in bytes, not in characters",
      { sampling: { stop: ["é".repeat(129)] } },
      ["sampling.stop[0]"],
    ],
    [
      "a prompt to repeat where there is a chat",
      {
        includePrompt: true,
        input: { $case: "chat", value: { messages: [{ role: 2, content: "hi" }] } },
      },
      ["include_prompt"],
    ],
    [
      "a prompt to repeat where there are tokens",
      { includePrompt: true, input: { $case: "tokenIds", value: { ids: [1] } } },
      ["include_prompt"],
    ],
    ["a truncation that is not known", { truncation: 9 as never }, ["truncation"]],
    ["a priority that is not known", { call: { priority: 3 as never } }, ["call.priority"]],
    ["a negative truncation", { truncation: -1 as never }, ["truncation"]],
  ];
  it.each(bad)("refuse %s", (_, part, fields) => {
    expect(wrongIn(part)).toEqual(fields);
  });

  it("take any seed of 64 bits", () => {
    for (const seed of [0n, -1n, 2n ** 32n - 1n, 2n ** 63n - 1n, -(2n ** 63n)]) {
      expect([seed, wrongIn({ sampling: { seed } })]).toEqual([seed, []]);
    }
  });

  const labels = (count: number) =>
    Object.fromEntries(Array.from({ length: count }, (_, key) => [`key ${key}`, "value"]));

  it.each<[string, NonNullable<Part>["call"], string[]]>([
    ["a user that is too long", { user: "é".repeat(65) }, ["call.user"]],
    ["a salt that is too long", { cacheSalt: "x".repeat(129) }, ["call.cache_salt"]],
    ["too many labels", { labels: labels(17) }, ["call.labels"]],
    ["a label without a key", { labels: { "": "x" } }, ['call.labels[""]']],
    [
      "a key that is too long",
      { labels: { ["k".repeat(65)]: "" } },
      [`call.labels["${"k".repeat(65)}"]`],
    ],
    ["a label that is too long", { labels: { a: "x".repeat(257) } }, ['call.labels["a"]']],
  ])("refuse %s", (_, call, fields) => {
    expect(wrongIn({ call })).toEqual(fields);
  });

  it("take as much of a call's options as may be", () => {
    const user = "é".repeat(64);
    const longest = { ...labels(15), ["k".repeat(64)]: "x".repeat(256) };
    expect(wrongIn({ call: { user, cacheSalt: "x".repeat(128), labels: longest } })).toEqual([]);
  });

  const ranges: [keyof NonNullable<NonNullable<Part>["sampling"]>, number[], number[]][] = [
    ["temperature", [0, 1, 2], [-0.001, 2.001, NaN, Infinity, -Infinity]],
    ["topK", [0, 1_000_000], [1_000_001, 2 ** 31 - 1, 2 ** 31, 2 ** 31 + 1, 2 ** 32 - 1]],
    ["topP", [0.001, 1], [0, -1, 1.001, NaN]],
    ["minP", [0, 1], [-0.001, 1.001, NaN]],
    ["typicalP", [0.001, 1], [0, 1.001, NaN]],
    ["repetitionPenalty", [0.001, 10], [0, -1, 10.01, Infinity, NaN]],
    ["presencePenalty", [-2, 0, 2], [-2.01, 2.01, NaN]],
    ["frequencyPenalty", [-2, 0, 2], [-2.01, 2.01, NaN]],
    ["penaltyLastN", [0, 1_000_000], [1_000_001, 2 ** 31]],
    ["maxTokens", [1, 100, 101, 2 ** 31, 2 ** 32 - 1], [0]],
    ["minTokens", [0, 100, 101, 2 ** 31], []],
  ];
  it.each(ranges)("keep %s in its range", (field, good, wrong) => {
    for (const value of good)
      expect([value, wrongIn({ sampling: { [field]: value } })]).toEqual([value, []]);
    for (const value of wrong) {
      expect([value, wrongIn({ sampling: { [field]: value } })]).toEqual([
        value,
        [`sampling.${protoName(field)}`],
      ]);
    }
  });

  it("refuse more of the least tokens than of the most", () => {
    expect(wrongIn({ sampling: { minTokens: 6, maxTokens: 5 } })).toEqual(["sampling.min_tokens"]);
    expect(wrongIn({ sampling: { minTokens: 5, maxTokens: 5 } })).toEqual([]);
  });

  it("keep each bias finite and bounded, and their number too", () => {
    const logitBias = { 1: 100, 2: 100.5, 3: NaN, 4: -Infinity, 5: -100 };
    expect(wrongIn({ sampling: { logitBias } })).toEqual(
      [2, 3, 4].map((id) => `sampling.logit_bias[${id}]`),
    );
    const many = Object.fromEntries(Array.from({ length: 1025 }, (_, id) => [id, 0]));
    expect(wrongIn({ sampling: { logitBias: many } })).toEqual(["sampling.logit_bias"]);
  });

  it("name every wrong field at once", () => {
    const part = {
      input: undefined,
      sampling: { temperature: 3, topP: 0, stop: [""] },
      truncation: 9 as never,
    };
    expect(wrongIn(part)).toEqual([
      "input",
      "sampling.temperature",
      "sampling.top_p",
      "sampling.stop[0]",
      "truncation",
    ]);
  });
});

describe("what is wrong with a field", () => {
  it("has a reason that programs can read", () => {
    expect(
      reasonsIn({
        input: { $case: "prompt", value: "" },
        model: "m".repeat(129),
        sampling: {
          ...{ temperature: -1, minTokens: 6, maxTokens: 5 },
          stop: Array.from({ length: 17 }, () => "x"),
        },
        includePrompt: true,
        truncation: 9 as never,
      }),
    ).toEqual({
      prompt: "REQUIRED",
      model: "TOO_LONG",
      "sampling.stop": "TOO_MANY",
      "sampling.temperature": "OUT_OF_RANGE",
      "sampling.min_tokens": "CONFLICT",
      truncation: "UNKNOWN_VALUE",
    });
  });

  it("is told once for each field", () => {
    const messages = [{ role: 2 as const, content: "x" }];
    const twice = { input: { $case: "chat" as const, value: { messages } }, includePrompt: true };
    expect(reasonsIn(twice)).toEqual({ include_prompt: "CONFLICT" });
  });
});

describe("the rules of other requests", () => {
  const embed = (part: Parameters<typeof EmbedRequest.fromPartial>[0]) =>
    violations(rules.embed, EmbedRequest.fromPartial({ inputs: ["a"], ...part })).map(
      ({ field }) => field,
    );

  it("bound what may be embedded", () => {
    expect(embed({})).toEqual([]);
    expect(embed({ inputs: [""] })).toEqual([]);
    expect(embed({ inputs: [] })).toEqual(["inputs"]);
    expect(embed({ inputs: ["a", "b", "c", "d", "e"] })).toEqual(["inputs"]);
    expect(embed({ dimensions: 0, encoding: 5 as never, truncation: 4 as never })).toEqual([
      "dimensions",
      "truncation",
      "encoding",
    ]);
  });

  it("bound pages and ask for a name", () => {
    const page = (part: Parameters<typeof ListModelsRequest.fromPartial>[0]) =>
      violations(rules.listModels, ListModelsRequest.fromPartial(part)).map(({ field }) => field);
    expect(page({ pageSize: 1001 })).toEqual([]);
    expect(page({ pageSize: 2 ** 31 - 1 })).toEqual([]);
    expect(page({ pageSize: -1, pageToken: "x".repeat(257) })).toEqual(["page_size", "page_token"]);
    expect(
      violations(rules.getModel, GetModelRequest.fromPartial({})).map(({ field }) => field),
    ).toEqual(["name"]);
  });
});

describe("the table of rules", () => {
  /** Each field of a message and of those within, by path; the oneof it is in, where it is. */
  function fieldsOf(message: DescMessage, at = ""): string[] {
    return message.fields.flatMap((field) => {
      const path = `${at}${field.oneof === undefined ? "" : `${field.oneof.name}/`}${field.name}`;
      const message =
        field.fieldKind === "message" || field.fieldKind === "list" ? field.message : undefined;
      // The fields of JSON in protobuf's form are no fields of the contract.
      const inner = message?.file.proto.package === "google.protobuf" ? undefined : message;
      return [path, ...(inner === undefined ? [] : fieldsOf(inner, `${path}.`))];
    });
  }

  function ruledBy(rule: Rule<never>, at = ""): string[] {
    return Object.entries(rule.fields ?? {}).flatMap(([name, inner]) => {
      const path = at + protoName(name);
      if (inner.inline) return ruledBy(inner, `${path}/`);
      return [path, ...ruledBy(inner, `${path}.`)];
    });
  }

  const methods = Array.from(readDescriptors().registry)
    .filter((each) => each.kind === "service")
    .filter(({ file }) => file.proto.package === "inferd.v1")
    .flatMap((service) => service.methods);

  it.each(methods.map((method) => [`${method.parent.typeName}/${method.name}`, method] as const))(
    "has a rule for each field of the request of %s, and no others",
    (name, { input }) => {
      const table: Readonly<
        Record<string, { readonly rule: (given: typeof limits) => Rule<never> }>
      > = ownMethods;
      expect(ruledBy(table[name]!.rule(limits)).sort()).toEqual(fieldsOf(input).sort());
    },
  );
});
