import { type DescMessage, ScalarType } from "@bufbuild/protobuf";
import { expect, it } from "vitest";
import { ruleOf } from "../../../src/contract/methods.ts";
import { list } from "../../../src/contract/validation/collections.ts";
import { message } from "../../../src/contract/validation/messages.ts";
import { type Rule, unbounded } from "../../../src/contract/validation/rule.ts";
import { boundsOf } from "../../../src/grpc/wire/list-bounds.ts";
import { structBound } from "../../../src/grpc/wire/struct-bound.ts";
import { limits } from "../../grpc/fake-models.ts";
import { descriptors } from "../../grpc/support.ts";

const described = (name: string): DescMessage =>
  descriptors.registry.getMessage(`inferd.v1.${name}`)!;

const call = { name: "call", inside: { 3: { name: "call.labels", max: 16 } } };

it("finds each list of a generation request by its number", () => {
  const rule = ruleOf("inferd.v1.GenerationService/Generate", limits);
  expect(boundsOf(rule, described("GenerateRequest"))).toEqual({
    3: {
      name: "chat",
      inside: {
        1: {
          name: "chat.messages",
          max: 1024,
          inside: { 5: { name: "chat.messages.tool_calls", max: 128 } },
        },
        2: { name: "chat.tools", max: 128 },
        7: structBound("chat.template_arguments"),
      },
    },
    4: {
      name: "token_ids",
      inside: { 1: { name: "token_ids.ids", max: limits.maxPromptTokens, varints: true } },
    },
    5: {
      name: "sampling",
      inside: {
        13: { name: "sampling.logit_bias", max: limits.maxLogitBias },
        15: { name: "sampling.stop", max: limits.maxStops },
      },
    },
    10: {
      name: "constraint",
      inside: {
        5: {
          name: "constraint.choices",
          inside: { 1: { name: "constraint.choices.texts", max: 1024 } },
        },
      },
    },
    15: call,
  });
});

it("finds each list of an embedding request by its number", () => {
  const rule = ruleOf("inferd.v1.EmbeddingService/EmbedStream", limits);
  expect(boundsOf(rule, described("EmbedRequest"))).toEqual({
    2: { name: "inputs", max: limits.maxInputs },
    9: {
      name: "token_inputs",
      max: limits.maxInputs,
      inside: { 1: { name: "token_inputs.ids", max: limits.maxPromptTokens, varints: true } },
    },
    15: call,
  });
});

it.each<[string, Rule<never>]>([
  ["that no rule bounds", message<{ ids: number[] }>({ ids: unbounded })],
  ["that the message does not have", message<{ nothing: number[] }>({ nothing: unbounded })],
])("refuses a list %s", (_, rule) => {
  expect(() => boundsOf(rule, described("TokenIds"))).toThrow("bug: ");
});

it("refuses a list of numbers that have no ends to count by", () => {
  const rule = message<{ values: number[] }>({ values: list(unbounded, { max: 1 }) });
  const floats = described("FloatVector");
  expect(floats.fields[0]?.scalar).toBe(ScalarType.FLOAT);
  expect(() => boundsOf(rule, floats)).toThrow("bug: nothing counts the items of values");
});
