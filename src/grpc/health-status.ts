/**
 * What the server says of its health, name by name, to callers that ask and to those that watch. Any caller may
 * watch any name, so a name that was not set is remembered only while it is watched.
 */
import { HealthCheckResponse_ServingStatus as Status } from "../../gen/grpc/health/v1/health.ts";

/** What this server says of each name. */
export interface Health {
  /** Empty for the whole server; else a service's full name, or one that probes agreed on. */
  set(name: string, serving: boolean): void;
  /** From now on the name is unknown. */
  forget(name: string): void;
  /** What is said of the name now; false for one that is unknown. */
  isServing(name: string): boolean;
}

type Phase = "serving" | "leaving" | "draining";

type Listener = (status: Status) => void;

/**
 * Names that keep their status while the server ends. Those of the kubelet's probes lead no client
 * anywhere: to a server that still takes calls they say so, since kube-proxy sends calls to a ready
 * pod that ends where no other is left. And a process that drains is alive.
 */
const kept: Readonly<Record<Exclude<Phase, "serving">, ReadonlySet<string>>> = {
  leaving: new Set(["liveness", "readiness", "startup"]),
  draining: new Set(["liveness"]),
};

export class HealthStatuses implements Health {
  readonly #serving = new Map<string, boolean>();
  readonly #listeners = new Map<string, Set<Listener>>();
  #phase: Phase = "serving";

  set(name: string, serving: boolean): void {
    this.#serving.set(name, serving);
    this.#tell(name);
  }

  forget(name: string): void {
    this.#serving.delete(name);
    this.#tell(name);
  }

  isServing(name: string): boolean {
    return this.of(name) === Status.SERVING;
  }

  of(name: string): Status {
    const serving = this.#serving.get(name);
    if (serving === undefined) return Status.SERVICE_UNKNOWN;
    const isKept = this.#phase === "serving" || kept[this.#phase].has(name);
    return serving && isKept ? Status.SERVING : Status.NOT_SERVING;
  }

  names(): readonly string[] {
    return Array.from(this.#serving.keys());
  }

  /** Tells the listener what is said of a name now and later, until the result is called. */
  follow(name: string, listener: Listener): () => void {
    const listeners = this.#listeners.get(name) ?? new Set();
    this.#listeners.set(name, listeners.add(listener));
    listener(this.of(name));
    return () => {
      if (listeners.delete(listener) && listeners.size === 0) this.#listeners.delete(name);
    };
  }

  /** How many names are followed. */
  get followed(): number {
    return this.#listeners.size;
  }

  /** Asks clients to go elsewhere, while calls are still taken. */
  leave(): void {
    this.#enter("leaving");
  }

  /** From now on nothing serves but the process itself. */
  drain(): void {
    this.#enter("draining");
  }

  #enter(phase: Phase): void {
    this.#phase = phase;
    for (const name of this.#serving.keys()) this.#tell(name);
  }

  #tell(name: string): void {
    for (const listener of this.#listeners.get(name) ?? []) listener(this.of(name));
  }
}
