/** A siege of one server: so much that is hostile, and what must be true of a server that none of it has harmed. */
import { expect, onTestFinished } from "vitest";
import { beginKept } from "../../bench/lib/kept.ts";
import type { Ends, Stretch } from "./callers.ts";
import { outcomeOf } from "./outcome.ts";
import { type Kind, startSubject } from "./subject.ts";

export interface Siege {
  readonly kind: Kind;
  /** How its result is told, where it is kept. */
  readonly about: {
    readonly name: string;
    readonly title: string;
    readonly method: string;
    readonly what: string;
    readonly unit: "calls" | "connections";
  };
  readonly seed: number;
  readonly from: number;
  readonly count: number;
  /** How many go between two looks at whether anything is wrong already. */
  readonly round: number;
  /** Sends some, notes how they end, and gives what is wrong. */
  readonly send: (address: string, stretch: Stretch, ends: Ends) => Promise<string[]>;
  /** Begins to look at the server from beside; what it gives is called once all is sent, and expects. */
  readonly watch: (address: string) => (ends: Ends) => Promise<void>;
}

export async function endure(siege: Siege): Promise<void> {
  const { kind, about, seed, from, count, round, send, watch } = siege;
  const kept = beginKept(about, "make fuzz");
  const subject = await startSubject(kind);
  let isStopped = false;
  const stop = () => {
    isStopped = true;
    return subject.stop();
  };
  onTestFinished(() => void (isStopped || stop()));
  const { address } = subject;
  const ends: Ends = new Map();
  const watched = watch(address);
  // Code and caches are warm after some; what grows from then on, leaks.
  const warm = Math.min(2000, Math.ceil(count / 4));
  const faults = await send(address, { seed, first: from, count: warm }, ends);
  expect(faults.slice(0, 20)).toEqual([]);
  const before = await subject.measure();
  for (let sent = warm; sent < count && faults.length === 0; sent += round) {
    const stretch = { seed, first: from + sent, count: Math.min(round, count - sent) };
    faults.push(...(await send(address, stretch, ends)));
  }
  expect(faults.slice(0, 20)).toEqual([]);
  await watched(ends);
  expect((await subject.measure()).problems).toEqual([]);
  const grown = async () => {
    const { heapBytes, handles } = await subject.measure();
    return {
      heapIsSteady: heapBytes - before.heapBytes < 4_000_000,
      handlesAreSteady: handles - before.handles < 8,
    };
  };
  // The server hears a moment later that its callers have gone.
  const settled = { timeout: 10_000, interval: 100 };
  await expect.poll(grown, settled).toEqual({ heapIsSteady: true, handlesAreSteady: true });
  expect(await stop()).toBe(0);
  const { what, unit } = about;
  if (from === 0) kept?.keep(outcomeOf({ what, unit, count, seed, ends }));
}
