import type { Clock } from "../base/clock.ts";

const everyMs = 100;

/** Tells ten times a second how late the event loop came round to it. The result ends that. */
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
