/** Metrics, where they are asked for: otherwise nothing is counted, and what counts is not even imported. */
import { systemClock } from "../base/clock.ts";
import type { Log } from "../base/log.ts";
import type { Config } from "../config/settings.ts";
import type { HttpPort } from "../telemetry/http.ts";
import { openMetricsPort } from "../telemetry/metrics-port.ts";
import type { Loads, PrometheusMeter } from "../telemetry/prometheus.ts";

export async function openMeter(
  metricsPort: Config["metricsPort"],
  loads: Loads,
): Promise<PrometheusMeter | undefined> {
  if (metricsPort === undefined) return undefined;
  const prometheus = await import("../telemetry/prometheus.ts");
  return prometheus.openMeter(loads);
}

export interface MetricsParts {
  readonly meter: PrometheusMeter | undefined;
  /** Whether a probe of readiness is told so. */
  readonly isReady: () => boolean;
  readonly log: Log;
}

export async function listenForMetrics(
  { metricsHost: host, metricsPort: port }: Pick<Config, "metricsHost" | "metricsPort">,
  { meter, isReady, log }: MetricsParts,
): Promise<HttpPort | undefined> {
  if (meter === undefined || port === undefined) return undefined;
  const opened = await openMetricsPort({
    host,
    port,
    meter,
    clock: systemClock,
    isReady,
    onFailure: (error) => log.error({ error }, "metrics cannot be made"),
  });
  log.info({ host, port: opened.port }, "metrics");
  return opened;
}
