/** What llama.cpp's tests say that completions mean: see `test/fixtures/chat-formats`. */
import { describe, expect, it } from "vitest";
import { cases, differenceIn, exceptions } from "../../fixtures/chat-formats/cases.ts";
import { cutsOf, read } from "./reading.ts";

const byTemplate = Map.groupBy(cases, ({ template }) => template);

describe.each([...byTemplate])("llama.cpp's cases of %s", (template, own) => {
  it("are read as its tests say, but for the exceptions", () => {
    const wrong = own.filter((one) => differenceIn(one) !== undefined);
    const excepted = exceptions.get(template) ?? 0;
    expect(wrong.length, wrong.map((one) => differenceIn(one)).join("\n")).toBe(excepted);
  });

  it("are read the same however they are cut", () => {
    for (const { format, input, options } of own) {
      const [whole, ...others] = [[input], ...cutsOf(input)].map((pieces) =>
        JSON.stringify(read(format, pieces, options)),
      );
      expect(new Set(others)).toEqual(new Set([whole]));
    }
  });
});
