/**
 * `grpc.health.v1.Health`. The statuses, and what each method answers, are grpc-health-check's; around
 * it, Watch becomes a stream like any other: it says each change once, keeps only the newest for a
 * caller who reads slowly, and ends when the server drains, where the package's would hold shutdown up
 * for ever.
 */
import {
  type sendUnaryData,
  type ServiceDefinition,
  status,
  type UntypedServiceImplementation,
} from "@grpc/grpc-js";
import { HealthImplementation, service as packageService } from "grpc-health-check";
import { ServeError } from "../base/errors.ts";
import type { Handler } from "../calls/call.ts";

/** What this server says of each name. */
export interface Health {
  /** Empty for the whole server; else a service's full name, or one that probes agreed on. */
  set(name: string, serving: boolean): void;
  /** What is said of the name now; false for one that nobody has set. */
  isServing(name: string): boolean;
}

/** The package remembers each name that was ever watched, and anybody may watch any: so none is large. */
const longestName = 256;

type Phase = "serving" | "leaving" | "draining";

/**
 * Names that keep their status while the server ends. Those of the kubelet's probes lead no client
 * anywhere: to a server that still takes calls they say so, since kube-proxy sends calls to a ready
 * pod that ends where no other is left. And a process that drains is alive.
 */
const kept: Readonly<Record<Exclude<Phase, "serving">, ReadonlySet<string>>> = {
  leaving: new Set(["liveness", "readiness", "startup"]),
  draining: new Set(["liveness"]),
};

interface HealthRequest {
  readonly service: string;
}

interface HealthResponse {
  readonly status: string;
}

interface HealthHandlers {
  readonly check: Handler<HealthRequest, HealthResponse>;
  readonly list: Handler<unknown, unknown>;
  readonly watch: Handler<HealthRequest, HealthResponse>;
}

export class HealthService implements Health {
  readonly definition: ServiceDefinition = packageService;
  readonly handlers: HealthHandlers;
  readonly #implementation = new HealthImplementation();
  readonly #serving = new Map<string, boolean>();
  #phase: Phase = "serving";

  constructor() {
    this.handlers = healthHandlers(methodsOf(this.#implementation));
  }

  set(name: string, serving: boolean): void {
    this.#serving.set(name, serving);
    this.#publish(name);
  }

  isServing(name: string): boolean {
    if (this.#phase !== "serving" && !kept[this.#phase].has(name)) return false;
    return this.#serving.get(name) ?? false;
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
    for (const name of this.#serving.keys()) this.#publish(name);
  }

  #publish(name: string): void {
    this.#implementation.setStatus(name, this.isServing(name) ? "SERVING" : "NOT_SERVING");
  }
}

/** The package's methods as far as they are used here: none looks at more of a call than this. */
interface PackageMethods {
  check(call: { readonly request: HealthRequest }, callback: sendUnaryData<HealthResponse>): void;
  list(call: { readonly request: unknown }, callback: sendUnaryData<unknown>): void;
  watch(call: {
    readonly request: HealthRequest;
    write(response: HealthResponse): void;
    on(event: "cancelled", stop: () => void): void;
  }): void;
}

/** Takes the methods that the package would add to a server. */
function methodsOf(implementation: HealthImplementation): PackageMethods {
  let methods: UntypedServiceImplementation = {};
  implementation.addToServer({
    addService: (_, added) => {
      methods = added;
    },
  });
  // The package types them as any handlers; which three they are is its documentation's word.
  return methods as unknown as PackageMethods;
}

function healthHandlers(methods: PackageMethods): HealthHandlers {
  return {
    check: async function* (request) {
      yield await answer<HealthResponse>((callback) => methods.check({ request }, callback));
    },
    list: async function* (request) {
      yield await answer((callback) => methods.list({ request }, callback));
    },
    watch: async function* (request, { signal }) {
      if (request.service.length > longestName) throw unknownService();
      const news = new Newest<string>();
      let stop = (): void => undefined;
      signal.addEventListener("abort", () => news.wake(), { once: true });
      methods.watch({
        request,
        write: (response) => news.set(response.status),
        on: (_, listener) => {
          stop = listener;
        },
      });
      try {
        for (let said = ""; !signal.aborted;) {
          const newest = await news.take();
          if (newest === undefined || newest === said) continue;
          said = newest;
          yield { status: newest };
        }
      } finally {
        stop();
      }
    },
  };
}

function answer<T>(method: (callback: sendUnaryData<T>) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    method((error, value) => {
      if (error === null && value !== undefined && value !== null) resolve(value);
      else reject(error?.code === status.RESOURCE_EXHAUSTED ? tooMany() : unknownService());
    });
  });
}

function unknownService(): ServeError {
  return new ServeError("SERVICE_NOT_FOUND", "no health is known by that name; List names all");
}

function tooMany(): ServeError {
  return new ServeError("LIST_TOO_LONG", "there are too many names to list; check one by its name");
}

/** Holds the newest value until it is taken; older ones are forgotten. For one reader. */
class Newest<T> {
  #value: T | undefined;
  #wake = (): void => undefined;

  set(value: T): void {
    this.#value = value;
    this.#wake();
  }

  wake(): void {
    this.#wake();
  }

  /** Waits for a value; undefined where it was woken without one. */
  async take(): Promise<T | undefined> {
    if (this.#value === undefined) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    const value = this.#value;
    this.#value = undefined;
    return value;
  }
}
