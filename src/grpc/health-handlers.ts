/**
 * `grpc.health.v1.Health`, by its published contract. A watch is a stream like any other: it says each
 * change once, keeps only the newest for a caller who reads slowly, and ends when the server drains.
 *
 * A model that the caller may not read of is one that is not there: health needs no credential, and names of
 * models are told to those alone who could list them.
 */
import {
  type HealthCheckRequest,
  type HealthCheckResponse,
  HealthCheckResponse_ServingStatus as Status,
  type HealthListRequest,
  type HealthListResponse,
} from "../../gen/grpc/health/v1/health.ts";
import { ServeError } from "../base/errors.ts";
import { modelOfHealthName } from "../base/health-names.ts";
import type { CallContext, Handler } from "../calls/call.ts";
import type { HealthStatuses } from "./health-status.ts";

interface HealthHandlers {
  readonly check: Handler<HealthCheckRequest, HealthCheckResponse>;
  readonly list: Handler<HealthListRequest, HealthListResponse>;
  readonly watch: Handler<HealthCheckRequest, HealthCheckResponse>;
}

/** No name of ours is longer, and a watch keeps its name. */
const longestName = 256;

export function healthHandlers(health: HealthStatuses): HealthHandlers {
  return {
    check: async function* ({ service }, context) {
      const status = (await isTold(service, context)) ? health.of(service) : Status.SERVICE_UNKNOWN;
      if (status === Status.SERVICE_UNKNOWN) throw unknownService(service);
      yield { status };
    },
    list: async function* (_, { caller }) {
      const mayRead = await caller.readable();
      const names = health.names().filter((name) => {
        const model = modelOfHealthName(name);
        return model === undefined || mayRead(model);
      });
      yield {
        statuses: Object.fromEntries(names.map((name) => [name, { status: health.of(name) }])),
      };
    },
    watch: async function* ({ service }, context) {
      const { signal } = context;
      if (service.length > longestName) throw unknownService(service);
      const told = await isTold(service, context);
      const news = new Newest<Status>();
      signal.addEventListener("abort", () => news.wake(), { once: true });
      const follow = (listener: (status: Status) => void): (() => void) =>
        told ? health.follow(service, listener) : sayUnknown(listener);
      const stop = follow((status) => news.set(status));
      try {
        for (let said: Status | undefined; !signal.aborted;) {
          const status = await news.take();
          if (status === undefined || status === said) continue;
          said = status;
          yield { status };
        }
      } finally {
        stop();
      }
    },
  };
}

/** Whether the caller may know of what the name speaks of. */
async function isTold(name: string, { caller }: CallContext): Promise<boolean> {
  const model = modelOfHealthName(name);
  return model === undefined || (await caller.readable())(model);
}

/** As the contract has it of an unknown name; it stays so, whatever comes. */
function sayUnknown(listener: (status: Status) => void): () => void {
  listener(Status.SERVICE_UNKNOWN);
  return () => undefined;
}

function unknownService(name: string): ServeError {
  const message = "no health is known by that name; List names all";
  return new ServeError("SERVICE_NOT_FOUND", message, {
    resource: { type: "grpc.health.v1.Health", name },
  });
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
