import type {
  EngineInfo,
  GetServerInfoRequest,
  GetServerInfoResponse,
  Limits as LimitsMessage,
} from "../../gen/inferd/v1/server_service.ts";
import type { Handler } from "../calls/call.ts";
import type { Limits } from "../contract/limits.ts";
import { ruleOf } from "../contract/methods.ts";
import { validated } from "../contract/validation/validated.ts";
import type { Models, ModelStatus } from "../models/model.ts";
import { duration, timestamp } from "./messages.ts";
import { engineName } from "./model.ts";

export interface ServerInfoOptions {
  readonly models: Models;
  readonly limits: Limits;
  readonly version: string;
  /** The commit it was built from; empty where that is unknown. */
  readonly build: string;
  /** Names of the engines that come with the server. */
  readonly engines: readonly string[];
  /** When the server was started, in milliseconds since 1970. */
  readonly startedAtMs: number;
}

export interface ServerHandlers {
  readonly getServerInfo: Handler<GetServerInfoRequest, GetServerInfoResponse>;
}

export function serverHandlers(options: ServerInfoOptions): ServerHandlers {
  const { models, version, build } = options;
  const rule = ruleOf("inferd.v1.ServerService/GetServerInfo", options.limits);
  const limits = limitsOf(options.limits);
  const startTime = timestamp(options.startedAtMs);
  const engines = enginesOf(options.engines);
  return {
    // It answers at once; a handler's shape makes it a generator.
    // eslint-disable-next-line @typescript-eslint/require-await
    getServerInfo: validated(rule, async function* () {
      yield {
        version,
        build,
        engines: engines(models.list()),
        limits,
        startTime,
      };
    }),
  };
}

function limitsOf({ maxCallMs, ...limits }: Limits): LimitsMessage {
  return {
    maxMessageBytes: limits.maxMessageBytes,
    maxResponseBytes: limits.maxResponseBytes,
    maxInputs: limits.maxInputs,
    maxTokens: limits.maxTokens,
    maxPromptTokens: limits.maxPromptTokens,
    maxStops: limits.maxStops,
    maxStopBytes: limits.maxStopBytes,
    maxLogitBias: limits.maxLogitBias,
    maxQueuedJobs: limits.maxQueuedJobs,
    maxQueuedTokens: limits.maxQueuedTokens,
    maxQueuedJobsTotal: limits.maxQueuedJobsTotal,
    maxQueuedTokensTotal: limits.maxQueuedTokensTotal,
    maxCallDuration: duration(maxCallMs),
  };
}

/** Gives the engines of models, and works them out only where a model is another than before: models change seldom. */
function enginesOf(builtIn: readonly string[]): (models: readonly ModelStatus[]) => EngineInfo[] {
  let last: { readonly models: readonly ModelStatus[]; readonly engines: EngineInfo[] } | undefined;
  return (models) => {
    if (last === undefined || !areSame(last.models, models)) {
      last = { models, engines: findEngines(builtIn, models) };
    }
    return last.engines;
  };
}

function areSame(some: readonly ModelStatus[], others: readonly ModelStatus[]): boolean {
  return (
    some.length === others.length &&
    some.every(({ manifest, info }, index) => {
      const other = others[index];
      return other?.manifest === manifest && other.info === info;
    })
  );
}

/** Every engine that comes with the server or that a model runs on, with the libraries seen so far. */
function findEngines(builtIn: readonly string[], models: readonly ModelStatus[]): EngineInfo[] {
  const libraries = new Map<string, Map<string, string>>(builtIn.map((name) => [name, new Map()]));
  for (const { manifest, info } of models) {
    const name = engineName(manifest.engine);
    const versions = libraries.get(name) ?? new Map<string, string>();
    for (const library of info?.libraries ?? []) versions.set(library.name, library.version);
    libraries.set(name, versions);
  }
  return Array.from(libraries, ([name, versions]) => ({
    name,
    libraries: Array.from(versions, ([library, version]) => ({ name: library, version })),
  }));
}
