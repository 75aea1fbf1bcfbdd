import { EventEmitter } from "node:events";
import { expect, it } from "vitest";
import { StalledStreams } from "../../../src/edge/stalled-streams.ts";

it("sweeps away streams that stand still though it is their callers' turn, and no others", () => {
  const unread = new StalledStreams();
  const closed: string[] = [];
  const add = (name: string, state: { writableEnded: boolean; writableLength: number }) => {
    const sent: (() => void)[] = [];
    const stream = Object.assign(new EventEmitter(), state, {
      write: (_: unknown, done?: () => void) => sent.push(done!) > 0,
      close: () => void closed.push(name),
    });
    unread.add(stream);
    return { stream, sent };
  };
  add("waits for its handler", { writableEnded: false, writableLength: 0 });
  add("is never ended by its caller", { writableEnded: true, writableLength: 0 });
  add("is never read", { writableEnded: false, writableLength: 9 });
  const slow = add("is read slowly", { writableEnded: false, writableLength: 9 });
  const read = add("was read in time", { writableEnded: true, writableLength: 9 });
  for (let message = 0; message < 6; message += 1) slow.stream.write("x");
  for (let round = 0; round < 6; round += 1) {
    unread.sweep();
    slow.sent[round]?.();
    if (round === 0) read.stream.emit("close");
  }
  expect(closed).toEqual(["is never ended by its caller", "is never read"]);
});
