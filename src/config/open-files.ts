/**
 * How many connections the limit of open files leaves room for. A connection is a file descriptor, and so are the pipes
 * of a worker and the files of a model. Clients must not use up those that the server needs.
 */
import { readFileSync } from "node:fs";
import type { Log } from "../base/log.ts";
import type { Config } from "./settings.ts";

/** Files that the server itself opens, 30 by measurement: log, ports, keys, and files that it reads. */
const ownFiles = 48;
/** The two pipes of a worker and its channel, and one more while it starts. */
const filesOfWorker = 4;
/** Lower bound, however low the limit is: fewer are useless. */
const fewestConnections = 8;

export interface OpenFiles {
  /** The system's limit. Undefined if unknown. */
  readonly limit: number | undefined;
  /** Connections that the configuration allows on each port, and the number of ports. */
  readonly connections: number;
  readonly ports: number;
  /** Descriptors for workers and other ports. */
  readonly others: number;
}

/** The connections that each port may accept. Pure. */
export function connectionsWithin({ limit, connections, ports, others }: OpenFiles): number {
  if (limit === undefined) return connections;
  const left = Math.floor((limit - ownFiles - others) / ports);
  return Math.min(connections, Math.max(fewestConnections, left));
}

/**
 * Lowers `maxConnections` so that file descriptors are left for the server and its workers, and logs it. `scrapers`:
 * connections of a metrics port.
 */
export function withinOpenFiles(
  config: Config,
  { workers, scrapers }: { readonly workers: number; readonly scrapers: number },
  log: Log,
): Config {
  const files = {
    limit: openFilesLimit(),
    connections: config.maxConnections,
    ports: config.healthPort === undefined ? 1 : 2,
    others: workers * filesOfWorker + (config.metricsPort === undefined ? 0 : scrapers),
  };
  const maxConnections = connectionsWithin(files);
  if (maxConnections === config.maxConnections) return config;
  const needed = ownFiles + files.others + files.ports * files.connections;
  log.warn(
    { openFilesLimit: files.limit, needed, maxConnections },
    "the limit of open files is too low for all connections, so fewer are taken; raise it (ulimit -n, LimitNOFILE), or lower --max-connections",
  );
  return { ...config, maxConnections };
}

/**
 * The maximum of open files of this process, which Node has raised as far as possible. Undefined if the system does not
 * tell.
 */
function openFilesLimit(): number | undefined {
  try {
    return parseLimit(readFileSync("/proc/self/limits", "utf8"));
  } catch {
    return undefined;
  }
}

/** The soft limit in Linux' table. Undefined if there is none. */
export function parseLimit(table: string): number | undefined {
  const soft = /^Max open files\s+(\d+)/m.exec(table)?.[1];
  return soft === undefined ? undefined : Number(soft);
}
