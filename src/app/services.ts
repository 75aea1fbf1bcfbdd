/** The server of callers with its services, as the configuration says: gRPC, and HTTP on the same port. */
import { randomUUID } from "node:crypto";
import type { Access } from "../auth/access.ts";
import { asksForCredentials } from "../auth/start-checks.ts";
import { buildCommit } from "../base/build.ts";
import { idleClock, wallMs } from "../base/clock.ts";
import type { Log } from "../base/log.ts";
import { type Meter, silentMeter } from "../base/meter.ts";
import { version } from "../base/version.ts";
import type { Config } from "../config/settings.ts";
import { readDescriptors } from "../contract/descriptors.ts";
import { methods } from "../contract/methods.ts";
import { deadline } from "../calls/deadline.ts";
import { observation } from "../calls/observation.ts";
import { RejectionLog } from "../edge/rejection-log.ts";
import { uploadLimits } from "../grpc/limits.ts";
import { type GrpcServer, openServer, shuttingDown } from "../grpc/server.ts";
import { addServices } from "../grpc/wire/services.ts";
import { openHttpEdge } from "../http/open.ts";
import type { Registry } from "../models/registry.ts";
import { serviceHandlers } from "../services/handlers.ts";
import { callLimits, serverLimits } from "./limits.ts";

interface Parts {
  readonly access: Pick<Access, "authorizer" | "tlsFiles">;
  readonly models: Registry;
  readonly log: Log;
  readonly meter: Meter | undefined;
}

export function openServices(config: Config, { access, models, log, meter }: Parts): GrpcServer {
  const descriptors = readDescriptors();
  const limits = callLimits(config);
  const rejections = new RejectionLog({ meter: meter ?? silentMeter, log, clock: idleClock });
  const startedAtMs = wallMs();
  const handlers = serviceHandlers({
    ...{ models, limits, version, startedAtMs },
    build: buildCommit(),
    engines: ["llama", "onnx"],
  });
  const shared = {
    authorizer: access.authorizer,
    rejections,
    newRequestId: randomUUID,
  };
  const edge = serverLimits(config);
  const http = config.http
    ? openHttpEdge({
        ...shared,
        ...{ handlers, limits: edge, uploads: uploadLimits(edge), startedAtMs },
        clock: idleClock,
        version,
        isReady: () => server.health.isServing("readiness"),
        now: wallMs,
        interceptors: [
          observation(log, { meter: meter ?? silentMeter, quiet: false, now: idleClock.now }),
          deadline(config.maxCallMs),
        ],
      })
    : undefined;
  const server: GrpcServer = openServer({
    ...edge,
    ...shared,
    log,
    ...(meter && { meter }),
    descriptors,
    methods,
    tellsProbesOfModels: !asksForCredentials(config),
    tlsFiles: access.tlsFiles,
    reflection: config.reflection,
    http1: http && ((socket) => http.receive(socket)),
  });
  addServices(server, { limits, registry: descriptors.registry }, handlers);
  if (http === undefined) return server;
  return {
    ...server,
    drain: async (graceMs) => {
      await Promise.all([server.drain(graceMs), http.drain(shuttingDown(), graceMs)]);
    },
  };
}
