/** A server whose models give what a test says, over HTTP. */
import { randomUUID } from "node:crypto";
import { idleClock } from "../../src/base/clock.ts";
import { silentLog } from "../../src/base/log.ts";
import { silentMeter } from "../../src/base/meter.ts";
import { deadline } from "../../src/calls/deadline.ts";
import { observation } from "../../src/calls/observation.ts";
import { RejectionLog } from "../../src/edge/rejection-log.ts";
import { uploadLimits } from "../../src/grpc/limits.ts";
import { type ServerOptions, shuttingDown } from "../../src/grpc/server.ts";
import { openHttpEdge, type HttpOptions } from "../../src/http/open.ts";
import type { Models } from "../../src/models/model.ts";
import { serviceHandlers } from "../../src/services/handlers.ts";
import { addAll, limits } from "../grpc/fake-models.ts";
import { type Running, serverOptions, start } from "../grpc/support.ts";

export interface HttpRunning extends Running {
  readonly url: string;
  /** Lets calls run so long. */
  readonly drain: (graceMs: number) => Promise<void>;
}

export async function startHttp(
  models: Models,
  options: Partial<HttpOptions> & Pick<Partial<ServerOptions>, "tlsFiles"> = {},
): Promise<HttpRunning> {
  const { tlsFiles } = options;
  const [meter, log] = [silentMeter, silentLog];
  const { authorizer, maxCallMs } = serverOptions;
  const rejections = new RejectionLog({ meter, log, clock: idleClock });
  const http = openHttpEdge({
    handlers: serviceHandlers({
      ...{ models, limits, version: "1.0", build: "", engines: [] },
      startedAtMs: 1_700_000_000_000,
    }),
    ...{ authorizer, rejections, newRequestId: randomUUID, limits: serverOptions },
    uploads: uploadLimits(serverOptions),
    clock: idleClock,
    startedAtMs: 1_700_000_000_000,
    version: "1.0",
    isReady: () => true,
    now: () => 1_750_000_000_000,
    interceptors: [
      observation(log, { meter, quiet: false, now: idleClock.now }),
      deadline(maxCallMs),
    ],
    ...options,
  });
  const running = await start((server) => addAll(server, models), {
    http1: (socket) => http.receive(socket),
    ...{ rejections, tlsFiles },
  });
  const drain = async (graceMs: number): Promise<void> => {
    await Promise.all([running.server.drain(graceMs), http.drain(shuttingDown(), graceMs)]);
  };
  const scheme = tlsFiles === undefined ? "http" : "https";
  return { ...running, url: `${scheme}://${running.address}`, drain, stop: () => drain(0) };
}

export const json = (body: unknown): RequestInit => ({
  method: "POST",
  headers: { "content-type": "application/json" },
  body: JSON.stringify(body),
});
