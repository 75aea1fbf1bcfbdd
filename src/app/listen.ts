/** Opens the ports of a server. */
import type { Log } from "../base/log.ts";
import { unixPathOf } from "../base/unix-path.ts";
import type { Config } from "../config/settings.ts";
import type { GrpcServer } from "../grpc/server.ts";
import type { HttpPort } from "../telemetry/http.ts";
import type { PrometheusMeter } from "../telemetry/prometheus.ts";
import { listenForMetrics } from "./metrics.ts";

type Addresses = Pick<Config, "host" | "port" | "healthPort" | "metricsHost" | "metricsPort">;

interface Parts {
  readonly server: GrpcServer;
  readonly log: Log;
  readonly meter: PrometheusMeter | undefined;
}

export interface Ports {
  readonly port: number;
  readonly metrics: HttpPort | undefined;
}

/** Where one fails, none stays open. gRPC comes last, and names follow in the same turn: nothing can call in between. */
export async function listen(addresses: Addresses, { server, log, meter }: Parts): Promise<Ports> {
  const isReady = (): boolean => server.health.isServing("readiness");
  const metrics = await listenForMetrics(addresses, { meter, isReady, log });
  try {
    await listenForProbes(addresses, { server, log });
    return { port: await server.listen(addresses.host, addresses.port), metrics };
  } catch (error) {
    await metrics?.close();
    await server.drain(0);
    throw error;
  }
}

async function listenForProbes(
  { host, healthPort: port }: Pick<Addresses, "host" | "healthPort">,
  { server, log }: Pick<Parts, "server" | "log">,
): Promise<void> {
  if (port === undefined) return;
  // A kubelet asks a port: for a server on a Unix socket, one on loopback.
  const address = unixPathOf(host) === undefined ? host : "127.0.0.1";
  const healthPort = await server.listenForProbes(address, port);
  log.info({ healthPort }, "health is served");
}
