import { expect, it } from "vitest";
import { plainVector } from "../../../src/cli/commands/embed/plain-vector.ts";

it.each([
  ["of a text", { $case: "float32", value: { values: [1, 2] } }, [1, 2]],
  [
    "that is sparse",
    { $case: "sparse", value: { indices: [3, 12], values: [0.5, 2] } },
    { 3: 0.5, 12: 2 },
  ],
  ["that is sparse and empty", { $case: "sparse", value: { indices: [], values: [] } }, {}],
  [
    "of tokens",
    {
      $case: "tokens",
      value: { dimensions: 2, vectors: { $case: "float32", value: { values: [1, 2, 3, 4] } } },
    },
    [
      [1, 2],
      [3, 4],
    ],
  ],
  [
    "of tokens, of which there are none",
    { $case: "tokens", value: { dimensions: 0, vectors: undefined } },
    [],
  ],
  ["that there is not", { $case: "error", value: { reason: "INTERNAL", message: "m" } }, null],
] as const)("prints a vector %s", (_, value, printed) => {
  const embedding = JSON.parse(JSON.stringify({ value })) as Parameters<typeof plainVector>[0];
  expect(plainVector(embedding)).toEqual(printed);
});
