/** The gRPC server with its services, as the configuration says. */
import { randomUUID } from "node:crypto";
import type { Access } from "../auth/access.ts";
import { asksForCredentials } from "../auth/start-checks.ts";
import { buildCommit } from "../base/build.ts";
import { wallMs } from "../base/clock.ts";
import type { Log } from "../base/log.ts";
import type { Meter } from "../base/meter.ts";
import { version } from "../base/version.ts";
import type { Config } from "../config/settings.ts";
import { readDescriptors } from "../contract/descriptors.ts";
import { methods } from "../contract/methods.ts";
import { type GrpcServer, openServer } from "../grpc/server.ts";
import { addServices } from "../grpc/wire/services.ts";
import type { Registry } from "../models/registry.ts";
import { serviceHandlers } from "../services/handlers.ts";
import { callLimits, serverLimits } from "./limits.ts";

interface Parts {
  readonly access: Pick<Access, "authorizer" | "tlsFiles">;
  readonly models: Registry;
  readonly log: Log;
  readonly meter: Meter | undefined;
}

export function openGrpc(config: Config, { access, models, log, meter }: Parts): GrpcServer {
  const descriptors = readDescriptors();
  const server = openServer({
    ...serverLimits(config),
    log,
    ...(meter && { meter }),
    descriptors,
    methods,
    newRequestId: randomUUID,
    authorizer: access.authorizer,
    tellsProbesOfModels: !asksForCredentials(config),
    tlsFiles: access.tlsFiles,
    reflection: config.reflection,
  });
  const limits = callLimits(config);
  const handlers = serviceHandlers({
    models,
    limits,
    version,
    build: buildCommit(),
    engines: ["llama", "onnx"],
    startedAtMs: wallMs(),
  });
  addServices(server, { limits, registry: descriptors.registry }, handlers);
  return server;
}
