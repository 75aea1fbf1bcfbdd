import { expect, it } from "vitest";
import { Role } from "../../../gen/inferd/v1/generation_service.ts";
import { DetokenizeRequest, TokenizeRequest } from "../../../gen/inferd/v1/tokenization_service.ts";
import { ServeError } from "../../../src/base/errors.ts";
import { ruleOf } from "../../../src/contract/methods.ts";
import { Report } from "../../../src/contract/validation/report.ts";
import type { Rule } from "../../../src/contract/validation/rule.ts";
import { limits } from "../../grpc/fake-models.ts";

/** What is wrong, by field. */
function wrong<M>(rule: Rule<M>, request: M): Readonly<Record<string, string>> {
  const report = new Report();
  rule.check(request, "", report);
  try {
    report.throwIfAny();
    return {};
  } catch (thrown) {
    const { violations } = ServeError.from(thrown);
    return Object.fromEntries(violations.map(({ field, reason }) => [field, reason]));
  }
}

const tokenize = ruleOf("inferd.v1.TokenizationService/Tokenize", limits);
const detokenize = ruleOf("inferd.v1.TokenizationService/Detokenize", limits);

const text = (value: string) => ({ $case: "text", value }) as const;
const chat = (...lengths: readonly number[]) => {
  const messages = lengths.map((length) => ({ role: Role.USER, content: "x".repeat(length) }));
  return { $case: "chat", value: { messages } } as const;
};

it.each<readonly [string, Parameters<typeof TokenizeRequest.fromPartial>[0], object]>([
  ["an empty text", { input: text("") }, {}],
  ["the longest text", { input: text("x".repeat(262_144)) }, {}],
  ["a longer one", { input: text("x".repeat(262_145)) }, { text: "TOO_LONG" }],
  ["the longest with pieces", { input: text("x".repeat(65_536)), withPieces: true }, {}],
  [
    "a longer one with pieces",
    { input: text(`${"é".repeat(32_768)}x`), withPieces: true },
    { text: "TOO_LONG" },
  ],
  ["a chat", { input: chat(131_072, 131_072) }, {}],
  ["a longer chat", { input: chat(131_072, 131_073) }, { chat: "TOO_LONG" }],
  ["a chat of no message", { input: chat() }, { "chat.messages": "REQUIRED" }],
  ["nothing", {}, { input: "REQUIRED" }],
  [
    "a chat without tokens around",
    { input: chat(1), addSpecial: false },
    { add_special: "CONFLICT" },
  ],
  [
    "a chat whose control tokens count",
    { input: chat(1), parseSpecial: true },
    { parse_special: "CONFLICT" },
  ],
  [
    "a count with pieces",
    { input: text(""), countOnly: true, withPieces: true },
    { with_pieces: "CONFLICT" },
  ],
])("knows what is wrong with %s", (_, request, expected) => {
  expect(wrong(tokenize, TokenizeRequest.fromPartial(request))).toEqual(expected);
});

it("bounds the tokens to make text of", () => {
  const ask = (count: number) =>
    wrong(
      detokenize,
      DetokenizeRequest.fromPartial({ tokenIds: new Array<number>(count).fill(1) }),
    );
  expect([ask(0), ask(65_536), ask(65_537)]).toEqual([{}, {}, { token_ids: "TOO_MANY" }]);
});
