import type { Clock } from "../base/clock.ts";

const everyMs = 100;

/** Reports ten times a second how late the event loop ran a timer. The result stops it. */
export function watchLag(clock: Clock, lagged: (ms: number) => void): () => void {
  let callOff: () => void = () => undefined;
  const wait = (): void => {
    const due = clock.now() + everyMs;
    callOff = clock.after(everyMs, () => {
      lagged(Math.max(0, clock.now() - due));
      wait();
    });
  };
  wait();
  return () => callOff();
}
