/**
 * The server as a whole: the one place that knows all parts. It builds them from the configuration,
 * starts them in order (the port answers before any model loads, so that probes can tell loading from
 * dead) and ends them in order (calls before the workers that serve them).
 */
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { setTimeout as wait } from "node:timers/promises";
import { type Access, openAccess } from "./auth/access.ts";
import { asksForCredentials } from "./auth/start-checks.ts";
import { buildCommit } from "./base/build.ts";
import { systemClock, wallMs } from "./base/clock.ts";
import type { Log } from "./base/log.ts";
import { unixPathOf } from "./base/unix-path.ts";
import { version } from "./base/version.ts";
import { modelFolders } from "./config/config.ts";
import { withinOpenFiles } from "./config/open-files.ts";
import type { Config } from "./config/settings.ts";
import type { GrpcServer } from "./grpc/server.ts";
import { openServer } from "./grpc/server.ts";
import { type HttpPort, mostHttpConnections } from "./telemetry/http.ts";
import type { Loads, PrometheusMeter } from "./telemetry/prometheus.ts";
import { openMetricsPort } from "./telemetry/metrics-port.ts";
import type { Manifest } from "./catalog/manifest.ts";
import type { Registry } from "./models/registry.ts";
import { openRegistry } from "./models/registry.ts";
import { findModels, type Places } from "./catalog/find.ts";
import {
  embeddingService,
  generationService,
  modelService,
  serverService,
} from "./services/definitions.ts";
import { embeddingHandlers } from "./services/embedding.ts";
import { generationHandlers } from "./services/generation.ts";
import { tellHealth } from "./services/health.ts";
import { modelHandlers } from "./services/model.ts";
import { serverHandlers } from "./services/server.ts";

/** A server that listens. */
export interface App {
  readonly port: number;
  readonly models: Registry;
  /**
   * Takes from another configuration what can change while it runs, its models among it, and reads keys and
   * certificates. Rejects, and changes nothing, where the models are wrong. Does nothing once it drains.
   */
  reload(config: Config): Promise<void>;
  /**
   * Ends it in order. For `lameDuckMs` it says that it leaves and still takes calls; then it takes no
   * more, and ends within about the configured grace. Safe to call again.
   */
  drain(lameDuckMs: number): Promise<void>;
  /** Settles when it has ended. */
  readonly closed: Promise<void>;
}

/** The environment that worker processes inherit. */
export type Environment = Readonly<Record<string, string | undefined>>;

// Loading must not wait for the workers' last breath: they get this long after the calls have ended.
export const workerGraceMs = 2000;

/** Starts a server. Resolves when it listens; models go on loading. Throws one line that says why not. */
export async function startApp(config: Config, log: Log, environment: Environment): Promise<App> {
  const access = await openAccess(config, log, systemClock);
  try {
    return await startBehind(access, { config, log, environment });
  } catch (error) {
    // What follows keys and certificates would keep a process that has nothing to do.
    await access.close();
    throw error;
  }
}

interface Start {
  readonly config: Config;
  readonly log: Log;
  readonly environment: Environment;
}

async function startBehind(access: Access, start: Start): Promise<App> {
  const { log, environment } = start;
  const manifests = await findModels(placesOf(start.config, start.config));
  const workers = manifests.reduce((sum, { replicas }) => sum + replicas, 0);
  const config = withinOpenFiles(start.config, { workers, scrapers: mostHttpConnections }, log);
  const meter = await openMeter(config, {
    models: () => models.loads(),
    edge: () => server.load(),
  });
  const models = openRegistry({
    cores: config.cores,
    environment: withoutSecrets(environment),
    defaults: {
      ...(config.defaultGenerationModel && { generate: config.defaultGenerationModel }),
      ...(config.defaultEmbeddingModel && { embed: config.defaultEmbeddingModel }),
    },
    maxQueuedJobs: config.maxQueuedJobs,
    maxQueuedTokens: config.maxQueuedTokens,
    maxQueuedJobsTotal: config.maxQueuedJobsTotal,
    maxQueuedTokensTotal: config.maxQueuedTokensTotal,
    refusesLate: config.refuseLate === "on",
    timeouts: { stepMs: config.maxStepMs, loadMs: config.maxLoadStallMs },
    log,
    ...(meter && { meter }),
  });
  const server = serve(config, { log, meter, models, access });
  const { port, metrics } = await listen(config, { log, meter, server });
  for (const manifest of manifests) models.load(manifest);
  tellHealth(models, server.health);
  return ending({ port, metrics, models, server, access, config, log });
}

interface Parts {
  readonly log: Log;
  readonly meter: PrometheusMeter | undefined;
}

function serve(
  config: Config,
  { log, meter, models, access }: Parts & { readonly models: Registry; readonly access: Access },
): GrpcServer {
  const startedAtMs = wallMs();
  const descriptors = readFileSync(new URL("../gen/fds.binpb", import.meta.url));
  const { authorizer, tlsFiles } = access;
  const server = openServer({
    ...config,
    log,
    ...(meter && { meter }),
    descriptors,
    newRequestId: randomUUID,
    authorizer,
    tellsProbesOfModels: !asksForCredentials(config),
    tlsFiles,
  });
  const options = { models, limits: config };
  server.addService(generationService(config), generationHandlers(options));
  server.addService(embeddingService(config), embeddingHandlers(options));
  server.addService(modelService, modelHandlers(options));
  server.addService(
    serverService,
    serverHandlers({
      ...options,
      version,
      build: buildCommit(),
      engines: ["llama", "onnx"],
      startedAtMs,
    }),
  );
  return server;
}

interface Ports {
  readonly port: number;
  readonly metrics: HttpPort | undefined;
}

/** Opens the ports; where one fails, none stays open. gRPC comes last, and names follow in the same turn: nothing can call in between. */
async function listen(
  config: Config,
  { log, meter, server }: Parts & { readonly server: GrpcServer },
): Promise<Ports> {
  const metrics = await listenForMetrics(config, { log, meter, server });
  try {
    if (config.healthPort !== undefined) {
      // A kubelet asks a port: beside a socket of gRPC's, one on loopback.
      const host = unixPathOf(config.host) === undefined ? config.host : "127.0.0.1";
      const healthPort = await server.listenForProbes(host, config.healthPort);
      log.info({ healthPort }, "health is served");
    }
    return { port: await server.listen(config.host, config.port), metrics };
  } catch (error) {
    await metrics?.close();
    await server.drain(0);
    throw error;
  }
}

async function listenForMetrics(
  { metricsHost, metricsPort }: Config,
  { log, meter, server }: Parts & { readonly server: GrpcServer },
): Promise<HttpPort | undefined> {
  if (meter === undefined || metricsPort === undefined) return undefined;
  const opened = await openMetricsPort({
    host: metricsHost,
    port: metricsPort,
    meter,
    clock: systemClock,
    isReady: () => server.health.isServing("readiness"),
    onFailure: (error) => log.error({ error }, "metrics cannot be made"),
  });
  log.info({ host: metricsHost, port: opened.port }, "metrics");
  return opened;
}

/** Undefined where nobody asked for metrics: then nothing is counted, and what counts is not even imported. */
async function openMeter(
  { metricsPort }: Config,
  loads: Loads,
): Promise<PrometheusMeter | undefined> {
  if (metricsPort === undefined) return undefined;
  const meters = await import("./telemetry/prometheus.ts");
  return meters.openMeter(loads);
}

/** Where keys are kept, a key, and what PostgreSQL's clients read, such as PGPASSWORD. */
const secrets = /^(INFERD_KEYS|INFERD_API_KEY|PG.*)$/;

/** Workers run native code on files from elsewhere: they get no secret that they have no use for. */
function withoutSecrets(environment: Environment): Environment {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !secrets.test(name)));
}

/** Models may be found elsewhere while it runs; the library is the one that it was started with. */
function placesOf(config: Config, { llamaLibrary }: Config): Places {
  return { directories: modelFolders(config), paths: config.model, llamaLibrary };
}

interface Running extends Ports {
  readonly models: Registry;
  readonly server: GrpcServer;
  readonly access: Access;
  /** With which it was started. */
  readonly config: Config;
  readonly log: Log;
}

function ending(running: Running): App {
  const { port, metrics, models, server, access, config } = running;
  const closed: PromiseWithResolvers<void> = Promise.withResolvers();
  let draining: Promise<void> | undefined;
  const isDraining = (): boolean => draining !== undefined;
  const drain = async (lameDuckMs: number): Promise<void> => {
    if (lameDuckMs > 0) {
      server.leave();
      await wait(lameDuckMs);
    }
    await server.drain(config.graceMs);
    await models.close(workerGraceMs);
    await access.close();
    // Last: who watches sees the others go.
    await metrics?.close();
  };
  return {
    port,
    models,
    closed: closed.promise,
    reload: async (changed) => {
      // Before anything is changed: where a model is wrong, nothing is.
      const manifests = await findModels({ ...placesOf(changed, config), mayBeMissing: true });
      if (isDraining()) return;
      await access.reload(changed);
      if (!isDraining()) changeModels(running, manifests);
    },
    drain: (lameDuckMs) => {
      if (draining === undefined) {
        draining = drain(lameDuckMs);
        draining.then(closed.resolve, closed.reject);
      }
      return draining;
    },
  };
}

function changeModels({ models, log }: Running, manifests: readonly Manifest[]): void {
  const { load, replace, unload } = models.change(manifests);
  if (load.length + replace.length + unload.length === 0) return;
  const names = (some: readonly Manifest[]) => some.map(({ name }) => name);
  log.info(
    { audit: true, act: "models changed", load: names(load), replace: names(replace), unload },
    "models change",
  );
}
