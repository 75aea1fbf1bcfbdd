import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Callers } from "../../../src/scheduling/callers.ts";

interface Job {
  readonly caller: string;
  readonly user?: string;
  readonly tokens: number;
}

const job = (caller: string, tokens = 10): Job => ({ caller, tokens });

function take(callers: Callers<Job>): Job | undefined {
  const first = callers.first();
  if (first !== undefined) callers.take(first);
  return first;
}

function takeAll(callers: Callers<Job>): string {
  let order = "";
  for (let next = take(callers); next !== undefined; next = take(callers)) order += next.caller;
  return order;
}

function waiting(...jobs: readonly Job[]): Callers<Job> {
  const callers = new Callers<Job>();
  for (const each of jobs) callers.push(each);
  return callers;
}

describe("callers that wait", () => {
  it("take turns, whoever brought more jobs", () => {
    expect(takeAll(waiting(job("a"), job("a"), job("a"), job("b"), job("b")))).toBe("ababa");
  });

  it("take turns by tokens: who brings small jobs has more of them started", () => {
    const jobs = [job("a", 30), job("a", 30), ...Array.from({ length: 6 }, () => job("b"))];
    expect(takeAll(waiting(...jobs))).toBe("abbbabbb");
  });

  it("have whoever comes next be next, after another's flood", () => {
    const callers = waiting(...Array.from({ length: 50 }, () => job("a")));
    for (let count = 0; count < 20; count++) take(callers);
    callers.push(job("b"));
    expect(take(callers)?.caller).toBe("b");
  });

  it("save nothing up while they are away", () => {
    const callers = waiting(job("b"));
    take(callers);
    for (let count = 0; count < 100; count++) callers.push(job("a"));
    for (let count = 0; count < 50; count++) take(callers);
    for (let count = 0; count < 4; count++) callers.push(job("b"));
    expect(takeAll(callers).slice(0, 6)).toBe("bababa");
  });

  it("do not pay for what they had while nobody else wanted it", () => {
    const callers = new Callers<Job>();
    for (let count = 0; count < 100; count++) callers.start(job("a"));
    callers.push(job("a"));
    callers.push(job("b"));
    callers.push(job("a"));
    callers.push(job("b"));
    expect(takeAll(callers)).toBe("baba");
  });

  it("get back what a job did not use", () => {
    const callers = waiting(job("a", 100), job("a"), job("b"), job("b"));
    expect(take(callers)?.caller).toBe("a");
    callers.giveBack(job("a"), 95);
    expect(takeAll(callers)).toBe("bab");
  });

  it("know what would start before a newcomer", () => {
    const callers = waiting(job("a"), job("a"), job("a"), job("b"));
    expect(callers.ahead(job("c"))).toEqual({ jobs: 0, tokens: 0 });
    expect(callers.ahead(job("b"))).toEqual({ jobs: 2, tokens: 20 });
    expect(callers.ahead(job("a"))).toEqual({ jobs: 4, tokens: 40 });
  });
});

describe("fair turns", () => {
  const mostTokens = 50;
  const jobs = fc.array(
    fc.record({
      caller: fc.constantFrom("a", "b", "c"),
      tokens: fc.integer({ min: 1, max: mostTokens }),
    }),
    { minLength: 1, maxLength: 100 },
  );

  it("start every job once, a caller's own in their order", () => {
    fc.assert(
      fc.property(jobs, (list) => {
        const callers = waiting(...list);
        const taken: Job[] = [];
        for (let next = take(callers); next !== undefined; next = take(callers)) taken.push(next);
        expect(callers.size).toBe(0);
        expect(callers.tokens).toBe(0);
        for (const caller of ["a", "b", "c"]) {
          const own = (all: readonly Job[]) => all.filter((each) => each.caller === caller);
          expect(own(taken)).toEqual(own(list));
        }
      }),
    );
  });

  it("give callers who wait on the same, to within one job of each", () => {
    fc.assert(
      fc.property(
        jobs,
        fc.array(fc.integer({ min: 1, max: mostTokens }), { minLength: 50 }),
        (list, more) => {
          const callers = waiting(...list);
          const given = new Map<string, number>();
          // Two who always have jobs, beside others who come and go.
          for (const tokens of more)
            for (const caller of ["x", "y"]) callers.push(job(caller, tokens));
          for (let count = 0; count < more.length; count++) {
            const next = take(callers)!;
            given.set(next.caller, (given.get(next.caller) ?? 0) + next.tokens);
          }
          expect(Math.abs((given.get("x") ?? 0) - (given.get("y") ?? 0))).toBeLessThanOrEqual(
            mostTokens,
          );
        },
      ),
    );
  });

  it("come for everyone, also where ever new callers come", () => {
    const callers = waiting(job("old", 50), job("old", 50));
    let started = 0;
    for (let index = 0; started < 2 && index < 1000; index++) {
      callers.push(job(`new${index}`));
      if (take(callers)?.caller === "old") started += 1;
    }
    expect(started).toBe(2);
  });
});

describe("users of one caller", () => {
  const of = (user: string, tokens = 10): Job => ({ caller: "a", user, tokens });
  const users = (callers: Callers<Job>): string => {
    let order = "";
    for (let next = take(callers); next !== undefined; next = take(callers)) {
      order += next.user ?? next.caller;
    }
    return order;
  };

  it("take turns within its turns, whoever brought more jobs", () => {
    const jobs = [of("1"), of("1"), of("1"), of("2"), job("b"), job("b"), job("b")];
    expect(users(waiting(...jobs))).toBe("1b2b1b1");
  });

  it("that a call does not name share one turn", () => {
    const unnamed: Job = { caller: "a", tokens: 10 };
    expect(users(waiting(unnamed, unnamed, of("2"), of("2")))).toBe("a2a2");
  });

  it("know of their own turn how much is before it", () => {
    const callers = waiting(...Array.from({ length: 8 }, () => of("1")));
    expect(callers.ahead(of("1"))).toEqual({ jobs: 8, tokens: 80 });
    expect(callers.ahead(of("2")).jobs).toBeLessThan(2);
  });
});
