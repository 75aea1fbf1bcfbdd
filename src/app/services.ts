/** The gRPC server with its services, as the configuration says. */
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import type { Access } from "../auth/access.ts";
import { asksForCredentials } from "../auth/start-checks.ts";
import { buildCommit } from "../base/build.ts";
import { wallMs } from "../base/clock.ts";
import type { Log } from "../base/log.ts";
import type { Meter } from "../base/meter.ts";
import { version } from "../base/version.ts";
import type { Config } from "../config/settings.ts";
import { type GrpcServer, openServer } from "../grpc/server.ts";
import type { Registry } from "../models/registry.ts";
import {
  embeddingService,
  generationService,
  modelService,
  serverService,
} from "../services/definitions.ts";
import { embeddingHandlers } from "../services/embedding.ts";
import { generationHandlers } from "../services/generation.ts";
import { modelHandlers } from "../services/model.ts";
import { serverHandlers } from "../services/server.ts";
import { callLimits, serverLimits } from "./limits.ts";

const descriptorsFile = new URL("../../gen/fds.binpb", import.meta.url);

interface Parts {
  readonly access: Pick<Access, "authorizer" | "tlsFiles">;
  readonly models: Registry;
  readonly log: Log;
  readonly meter: Meter | undefined;
}

export function openGrpc(config: Config, { access, models, log, meter }: Parts): GrpcServer {
  const server = openServer({
    ...serverLimits(config),
    log,
    ...(meter && { meter }),
    descriptors: readFileSync(descriptorsFile),
    newRequestId: randomUUID,
    authorizer: access.authorizer,
    tellsProbesOfModels: !asksForCredentials(config),
    tlsFiles: access.tlsFiles,
    reflection: config.reflection,
  });
  const limits = callLimits(config);
  const options = { models, limits };
  server.addService(generationService(limits), generationHandlers(options));
  server.addService(embeddingService(limits), embeddingHandlers(options));
  server.addService(modelService, modelHandlers(options));
  server.addService(
    serverService,
    serverHandlers({
      ...options,
      version,
      build: buildCommit(),
      engines: ["llama", "onnx"],
      startedAtMs: wallMs(),
    }),
  );
  return server;
}
