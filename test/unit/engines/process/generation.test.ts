import { describe, expect, it } from "vitest";
import { Generation } from "../../../../src/engines/process/generation.ts";
import type { JobEvent } from "../../../../src/engines/jobs.ts";
import { context, generateJob } from "../../../fixtures/jobs.ts";

function setUp() {
  const given: JobEvent[] = [];
  const granted: number[] = [];
  const failed: (string | undefined)[] = [];
  const generation = new Generation(generateJob("x"), context, {
    now: () => 0,
    give: (event) => given.push(event),
    grant: (credit) => granted.push(credit),
    fail: ({ logged }) => failed.push(logged),
    ended: () => undefined,
  });
  generation.start(1);
  const send = (type: string, texts: readonly string[] = []) =>
    generation.receive({
      head: { type, lengths: texts.map(({ length }) => length) },
      body: Buffer.from(texts.join("")),
    });
  const pieces = (count: number) => send("pieces", Array<string>(count).fill("x"));
  return { generation, given, granted, failed, send, pieces };
}

describe("a generation", () => {
  it("gives credit back in halves", () => {
    const { generation, granted, pieces } = setUp();
    pieces(31);
    generation.refund();
    expect(granted).toEqual([]);
    pieces(1);
    generation.refund();
    expect(granted).toEqual([32]);
  });

  it("gives none while it is paused, and what is due when it goes on", () => {
    const { generation, granted, pieces } = setUp();
    pieces(64);
    generation.pause();
    generation.refund();
    expect(granted).toEqual([]);
    generation.resume();
    expect(granted).toEqual([64]);
  });

  it("keeps what comes while it is paused, its end as well", () => {
    const { generation, given, send, pieces } = setUp();
    generation.pause();
    pieces(2);
    send("done");
    expect(given.map(({ kind }) => kind)).toEqual(["started"]);
    generation.resume();
    expect(given.map(({ kind }) => kind)).toEqual(["started", "piece", "piece", "finish"]);
  });

  it.each([
    ["65 pieces", ({ pieces }: ReturnType<typeof setUp>) => pieces(65)],
    [
      "65 frames of none",
      ({ pieces }: ReturnType<typeof setUp>) => {
        for (let frame = 0; frame < 65; frame++) pieces(0);
      },
    ],
  ])("fails with %s, paused or not", (_, act) => {
    for (const isPaused of [false, true]) {
      const parts = setUp();
      if (isPaused) parts.generation.pause();
      act(parts);
      expect(parts.failed).toEqual(["the program sent more pieces than it had credit for"]);
    }
  });

  it("fails where the program ends it unasked", () => {
    const { failed, send } = setUp();
    send("cancelled");
    expect(failed).toHaveLength(1);
  });
});
