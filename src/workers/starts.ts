/**
 * When workers may be started. Starting a process holds up the server for some hundredths of a second, and many that
 * load at once compete for cores, memory and the disk: so only a few load at once, and the server turns to
 * its callers between two starts. A worker that has served before does not wait for those that load.
 */
export interface StartsOptions {
  /** How many may load at once. */
  readonly places: number;
  /** Calls once, after the server has turned to its callers. */
  readonly turn: (call: () => void) => void;
}

export interface StartRequest {
  /** Called once, perhaps at once. */
  readonly start: () => void;
  /** Whether it goes before all others, and takes no place. */
  readonly isUrgent: boolean;
}

interface Waiting extends StartRequest {
  hasPlace: boolean;
}

/** Owns the line of workers that wait to be started. */
export class Starts {
  readonly #turn: StartsOptions["turn"];
  #places: number;
  #waiting: Waiting[] = [];
  /** One was started since the server last turned to its callers. */
  #hasStarted = false;

  constructor({ places, turn }: StartsOptions) {
    this.#places = places;
    this.#turn = turn;
  }

  /** Asks for a start. The result gives the place back, or the turn where it has not come; call it as often as you like. */
  ask(request: StartRequest): () => void {
    const waiting: Waiting = { ...request, hasPlace: false };
    const others = this.#waiting;
    const place = request.isUrgent ? others.filter(({ isUrgent }) => isUrgent).length : Infinity;
    this.#waiting = others.toSpliced(place, 0, waiting);
    this.#next();
    return () => {
      this.#waiting = this.#waiting.filter((other) => other !== waiting);
      if (!waiting.hasPlace) return;
      waiting.hasPlace = false;
      this.#places += 1;
      this.#next();
    };
  }

  #next(): void {
    const [first] = this.#waiting;
    if (this.#hasStarted || first === undefined) return;
    if (!first.isUrgent && this.#places === 0) return;
    this.#waiting = this.#waiting.slice(1);
    if (!first.isUrgent) {
      first.hasPlace = true;
      this.#places -= 1;
    }
    this.#hasStarted = true;
    this.#turn(() => {
      this.#hasStarted = false;
      this.#next();
    });
    first.start();
  }
}
