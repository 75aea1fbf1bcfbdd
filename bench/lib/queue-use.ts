/** What a model's queue was like while a load ran: whether the engine ever lacked work. */
import type { Samples } from "../../test/fixtures/prometheus.ts";
import { rounded } from "./statistics.ts";

export interface QueueUse {
  readonly readings: number;
  readonly meanWaiting: number;
  /** Part of the readings in which nobody waited. */
  readonly emptyPart: number;
  /** Part of the readings in which fewer jobs ran than there are slots. */
  readonly idleSlotsPart: number;
}

/** Of one model, from what the server's metrics told again and again. */
export function queueUse(readings: readonly Samples[], model: string): QueueUse {
  const of = (reading: Samples, name: string): number => {
    const own = reading.of(`inferd_${name}`).filter(({ labels }) => labels["model"] === model);
    return own.length === 0 ? NaN : own.reduce((sum, { value }) => sum + value, 0);
  };
  const part = (is: (reading: Samples) => boolean): number =>
    rounded(readings.filter(is).length / readings.length);
  const waiting = readings.reduce((sum, each) => sum + of(each, "queued_jobs"), 0);
  return {
    readings: readings.length,
    meanWaiting: rounded(waiting / readings.length),
    emptyPart: part((each) => of(each, "queued_jobs") === 0),
    idleSlotsPart: part((each) => of(each, "running_jobs") < of(each, "slots")),
  };
}
