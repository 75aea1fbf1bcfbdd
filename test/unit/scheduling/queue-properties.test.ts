import fc from "fast-check";
import { expect, it } from "vitest";
import { ServeError } from "../../../src/base/errors.ts";
import type { Priority } from "../../../src/base/priority.ts";
import { setUp } from "./queue-set-up.ts";

const moves = fc.oneof(
  fc.record({
    kind: fc.constant("enter" as const),
    priority: fc.constantFrom("interactive" as const, "batch" as const),
    caller: fc.constantFrom("x", "y", "z"),
    isRetry: fc.nat(5).map((number) => number === 0),
  }),
  fc.record({ kind: fc.constantFrom("leave" as const, "release" as const), which: fc.nat(20) }),
);

it("loses no job, starts none twice, and keeps no place from who may have it, whatever happens", async () => {
  const reserved = 1;
  await fc.assert(
    fc.asyncProperty(fc.array(moves, { maxLength: 60 }), async (actions) => {
      const { queue, enter, release, started, trespassers, free } = setUp({
        places: 3,
        reserved,
        maxWaiting: 5,
      });
      const waiting = new Map<string, AbortController>();
      const priorities = new Map<string, Priority>();
      const outcomes: Promise<string>[] = [];
      let running = 0;
      for (const [index, move] of actions.entries()) {
        if (move.kind === "enter") {
          const name = String(index);
          const controller = new AbortController();
          const { priority, caller, isRetry } = move;
          waiting.set(name, controller);
          priorities.set(name, priority);
          const settle = (outcome: string) => () => {
            waiting.delete(name);
            return outcome;
          };
          outcomes.push(
            enter(name, { priority, caller, isRetry, signal: controller.signal }).then(
              settle("started"),
              settle("ended"),
            ),
          );
        } else if (move.kind === "leave") {
          Array.from(waiting.values())[move.which]?.abort(new Error("left"));
        } else if (running > 0) release();
        await new Promise((resolve) => setImmediate(resolve));
        running = 3 - free();
        const kinds = Array.from(waiting.keys(), (name) => priorities.get(name)!);
        if (free() > 0) expect(kinds).not.toContain("interactive");
        if (free() > reserved) expect(kinds).toEqual([]);
      }
      expect(trespassers).toEqual([]);
      queue.fail(new ServeError("SHUTTING_DOWN", "x"));
      const all = await Promise.all(outcomes);
      expect(all.filter((outcome) => outcome === "started")).toHaveLength(started.length);
      expect(new Set(started).size).toBe(started.length);
      expect(queue.state.waiting).toBe(0);
    }),
  );
});

it("starts those of one caller and priority in the order in which they came", async () => {
  const action = fc.constantFrom("enter", "leave", "release");
  await fc.assert(
    fc.asyncProperty(fc.array(action, { maxLength: 60 }), async (actions) => {
      const { queue, enter, release, started } = setUp({ places: 1, maxWaiting: 5 });
      const callers: AbortController[] = [];
      for (const [index, what] of actions.entries()) {
        if (what === "release") release();
        else if (what === "leave") callers.shift()?.abort(new Error("left"));
        else {
          const caller = new AbortController();
          callers.push(caller);
          enter(String(index), { signal: caller.signal }).catch(() => undefined);
        }
      }
      queue.fail(new ServeError("SHUTTING_DOWN", "x"));
      await new Promise((resolve) => setImmediate(resolve));
      expect(started.map(Number)).toEqual(started.map(Number).sort((a, b) => a - b));
    }),
  );
});
