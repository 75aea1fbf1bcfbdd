/** What a model's queue was like while a load ran: whether the engine ever lacked work. */
import type { Reading } from "./gauges.ts";
import { rounded } from "./statistics.ts";

export interface QueueUse {
  readonly readings: number;
  readonly meanWaiting: number;
  /** Part of the readings in which nobody waited. */
  readonly emptyPart: number;
  /** Part of the readings in which fewer jobs ran than there are slots. */
  readonly idleSlotsPart: number;
}

export function queueUse(readings: readonly Reading[]): QueueUse {
  const of = (reading: Reading, name: string): number => reading.get(`inferd_${name}`) ?? NaN;
  const part = (is: (reading: Reading) => boolean): number =>
    rounded(readings.filter(is).length / readings.length);
  const waiting = readings.reduce((sum, each) => sum + of(each, "queued_jobs"), 0);
  return {
    readings: readings.length,
    meanWaiting: rounded(waiting / readings.length),
    emptyPart: part((each) => of(each, "queued_jobs") === 0),
    idleSlotsPart: part((each) => of(each, "running_jobs") < of(each, "slots")),
  };
}
