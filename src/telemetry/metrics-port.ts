/** Everything that `--metrics-port` turns on: the metrics over HTTP, and the event loop's lag. */
import type { Clock } from "../base/clock.ts";
import { cached } from "./cached.ts";
import { type HttpOptions, type HttpPort, openHttp } from "./http.ts";
import { watchLag } from "./event-loop-lag.ts";
import type { PrometheusMeter } from "./prometheus.ts";

export interface MetricsPortOptions extends Pick<
  HttpOptions,
  "host" | "port" | "isReady" | "onFailure"
> {
  readonly meter: PrometheusMeter;
  readonly clock: Clock;
}

/** Minimum interval between two texts: scrapes every 50 ms cost no more than every 100. */
const keepMs = 100;

/** Fails with one line that says why the port could not be opened. */
export async function openMetricsPort(options: MetricsPortOptions): Promise<HttpPort> {
  const { host, port, isReady, onFailure, meter, clock } = options;
  const text = cached(meter.text, { keepMs, now: clock.now });
  const http = await openHttp({
    host,
    port,
    isReady,
    onFailure,
    metrics: { contentType: meter.contentType, text },
  });
  const stopWatching = watchLag(clock, meter.loopLagged);
  return {
    port: http.port,
    close: () => {
      stopWatching();
      return http.close();
    },
  };
}
