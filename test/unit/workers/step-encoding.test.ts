import { deserialize, serialize } from "node:v8";
import { expect, it } from "vitest";
import type { FromWorker, WorkerEvent } from "../../../src/workers/messages.ts";
import { decodeSteps, encodeSteps } from "../../../src/workers/step-encoding.ts";

const step = (...events: readonly { id: number; event: WorkerEvent }[]): FromWorker => ({
  kind: "step",
  events,
  stepJobs: 2,
});

/** As it arrives in the other process. */
const crossed = (message: FromWorker): FromWorker =>
  // The same type: structured clone keeps what messages are made of.
  decodeSteps(deserialize(serialize(encodeSteps(message))) as ReturnType<typeof encodeSteps>);

it("keeps each event, its job and its place", () => {
  const message = step(
    { id: 1, event: { kind: "started" } },
    { id: 1, event: { kind: "piece", text: "a" } },
    { id: 2, event: { kind: "piece", text: "" } },
    { id: 1, event: { kind: "piece", text: "ü\0😀" } },
    { id: 2, event: { kind: "failed", error: { reason: "INTERNAL", message: "x" } } },
  );
  expect(crossed(message)).toEqual(message);
});

it("keeps the token ids of a piece that has some, or none", () => {
  const message = step(
    { id: 1, event: { kind: "piece", text: "a", tokenIds: Uint32Array.of(7, 2 ** 32 - 1) } },
    { id: 1, event: { kind: "piece", text: "b", tokenIds: Uint32Array.of() } },
  );
  expect(crossed(message)).toEqual(message);
});

it("leaves other messages as they are", () => {
  const message: FromWorker = { kind: "freed", ids: [3] };
  expect(encodeSteps(message)).toBe(message);
  expect(decodeSteps(message)).toBe(message);
});
