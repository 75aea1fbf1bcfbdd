import { EventEmitter } from "node:events";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { ServeError } from "../../../src/base/errors.ts";
import { StreamWriter, type Sink } from "../../../src/calls/stream-writer.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function open(stallMs: number) {
  const emitter = new EventEmitter();
  const gone: (() => void)[] = [];
  const sink: Sink<string> = Object.assign(emitter, {
    write: (_: string, done: () => void) => {
      gone.push(done);
      return false;
    },
  });
  const controller = new AbortController();
  const context = {
    signal: controller.signal,
    abort: (reason: ServeError) => controller.abort(reason),
  };
  return {
    emitter,
    gone,
    signal: controller.signal,
    writer: new StreamWriter(sink, context, stallMs),
  };
}

it("gives up on a caller that reads nothing for as long as may be", async () => {
  const { writer, signal, emitter } = open(100);
  const written = writer.write("x");
  vi.advanceTimersByTime(99);
  expect(signal.aborted).toBe(false);
  vi.advanceTimersByTime(1);
  await written;
  expect((signal.reason as ServeError).reason).toBe("SLOW_READER");
  expect([emitter.listenerCount("drain"), emitter.listenerCount("close")]).toEqual([0, 0]);
});

it("restarts the time with each response that the caller takes", () => {
  const { writer, signal, gone } = open(100);
  void writer.write("x");
  for (let taken = 0; taken < 10; taken += 1) {
    vi.advanceTimersByTime(90);
    gone[0]?.();
  }
  expect(signal.aborted).toBe(false);
});

it("counts only the time in which it waits for the caller", async () => {
  const { writer, signal, emitter } = open(100);
  const written = writer.write("x");
  emitter.emit("drain");
  await written;
  vi.advanceTimersByTime(10_000);
  expect(signal.aborted).toBe(false);
  expect(vi.getTimerCount()).toBe(0);
});
