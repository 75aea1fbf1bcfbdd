import { Queue } from "../../../src/scheduling/queue.ts";
import type { EndedJob } from "../../../src/scheduling/queue-entry.ts";
import type { Ticket } from "../../../src/scheduling/ticket.ts";
import { GlobalLimit } from "../../../src/scheduling/global-limit.ts";
import { FakeClock } from "../../fixtures/fake-clock.ts";
import { never } from "../../fixtures/jobs.ts";

const bounds = { jobs: 1000, tokens: 1e9 };

export interface Options {
  readonly places?: number;
  /** Of the places, those that batch jobs leave free. */
  readonly reserved?: number;
  readonly maxWaiting?: number;
  readonly maxTokens?: number;
  readonly globalLimit?: GlobalLimit;
  readonly refusesLate?: boolean;
}

type Caller = Partial<Ticket> & {
  readonly signal?: AbortSignal;
  readonly isRetry?: boolean;
  readonly expiresAt?: number;
};

export const defaults: Ticket = {
  caller: "x",
  priority: "interactive",
  promptTokens: 10,
  tokens: 10,
};

/** A queue before some places, and the jobs in the order of their starts. */
export function setUp(options: Options = {}) {
  const { places = 0, reserved = 0, maxWaiting = 10, maxTokens = 1e9 } = options;
  let free = places;
  let wanted = 0;
  const started: string[] = [];
  /** Batch jobs on places that are not for them. */
  const trespassers: string[] = [];
  const clock = new FakeClock();
  const queue = new Queue<number>({
    take: (priority, most) => {
      wanted = most;
      return free > (priority === "batch" ? reserved : 0) ? free : undefined;
    },
    slots: () => places,
    bounds: { jobs: maxWaiting, tokens: maxTokens },
    globalLimit: options.globalLimit ?? new GlobalLimit(bounds),
    refusesLate: options.refusesLate ?? true,
    now: clock.now,
  });
  const enter = (name: string, parts: Caller = {}) => {
    const { signal = never, isRetry = false, expiresAt = Infinity, ...ticket } = parts;
    return queue.run({
      ticket: { ...defaults, ...ticket },
      signal,
      isRetry,
      expiresAt,
      start: () => {
        if (ticket.priority === "batch" && free <= reserved) trespassers.push(name);
        free--;
        started.push(name);
        return name;
      },
    });
  };
  /** A job that ran has ended, and took so long. */
  const end = (heldMs: number, parts: Partial<EndedJob> = {}) =>
    queue.end({
      ticket: defaults,
      heldMs,
      firstOutputMs: undefined,
      generatedTokens: 0,
      error: undefined,
      ...parts,
    });
  const release = () => {
    free++;
    queue.pump();
  };
  /** A place becomes free and nobody has heard of it yet. */
  const vacate = () => free++;
  const look = { free: () => free, wanted: () => wanted };
  return { queue, enter, end, release, vacate, started, trespassers, clock, ...look };
}
