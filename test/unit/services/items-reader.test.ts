/** An engine is code of others: what it gives is checked before a caller has it. */
import { expect, it } from "vitest";
import { itemsReader } from "../../../src/services/items-reader.ts";
import type { EncodedItem, WorkerEvent } from "../../../src/workers/messages.ts";
import { rerankJob } from "../../fixtures/jobs.ts";
import { generationModel, result } from "../../grpc/fake-models.ts";

const reader = () =>
  itemsReader({
    job: rerankJob("a query", ["one", "two"]),
    status: generationModel(),
    request: { allowItemErrors: false },
    context: { requestId: "request-1", abort: () => undefined },
    field: "documents",
  });

const itemOf = (index: number): EncodedItem => {
  return { index, tokenCount: 1, truncated: false, value: { kind: "score", score: 1 } };
};
const given = (...places: number[]): WorkerEvent => ({
  kind: "items",
  items: places.map(itemOf),
});
const finish: WorkerEvent = { kind: "finish", ...result };

it("gives each item once, in whatever order, and then the end", () => {
  const read = reader();
  expect(read(given(1)).items).toEqual([itemOf(1)]);
  expect(read(given(0)).items).toEqual([itemOf(0)]);
  expect(read(finish).finish).toMatchObject({ requestId: "request-1" });
});

it.each([
  ["an item twice", [given(0), given(0)], "not due"],
  ["an item that was not asked for", [given(2)], "not due"],
  ["an end before each item has come", [given(0), finish], "without a value"],
])("refuses %s", (_, events, error) => {
  const read = reader();
  for (const event of events.slice(0, -1)) read(event);
  expect(() => read(events.at(-1)!)).toThrow(error);
});
