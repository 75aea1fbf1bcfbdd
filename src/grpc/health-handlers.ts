/**
 * `grpc.health.v1.Health`, by its published contract. A watch is a stream like any other: it says each
 * change once, keeps only the newest for a caller who reads slowly, and ends when the server drains.
 */
import {
  type HealthCheckRequest,
  type HealthCheckResponse,
  HealthCheckResponse_ServingStatus as Status,
  type HealthListRequest,
  type HealthListResponse,
} from "../../gen/grpc/health/v1/health.ts";
import { ServeError } from "../base/errors.ts";
import type { Handler } from "../calls/call.ts";
import type { HealthStatuses } from "./health.ts";

interface HealthHandlers {
  readonly check: Handler<HealthCheckRequest, HealthCheckResponse>;
  readonly list: Handler<HealthListRequest, HealthListResponse>;
  readonly watch: Handler<HealthCheckRequest, HealthCheckResponse>;
}

/** No name of ours is longer, and a watch keeps its name. */
const longestName = 256;

export function healthHandlers(health: HealthStatuses): HealthHandlers {
  return {
    // The first two answer at once; a handler's shape makes them generators.
    // eslint-disable-next-line @typescript-eslint/require-await
    check: async function* ({ service }) {
      const status = health.of(service);
      if (status === Status.SERVICE_UNKNOWN) throw unknownService();
      yield { status };
    },
    // eslint-disable-next-line @typescript-eslint/require-await
    list: async function* () {
      const all = health.names().map((name) => [name, { status: health.of(name) }] as const);
      yield { statuses: Object.fromEntries(all) };
    },
    watch: async function* ({ service }, { signal }) {
      if (service.length > longestName) throw unknownService();
      const news = new Newest<Status>();
      signal.addEventListener("abort", () => news.wake(), { once: true });
      const stop = health.follow(service, (status) => news.set(status));
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

function unknownService(): ServeError {
  return new ServeError("SERVICE_NOT_FOUND", "no health is known by that name; List names all");
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
