/**
 * How many connections the system's limit of open files leaves room for. A connection is a file descriptor, and so are
 * a worker's pipes and a model's files: what callers may open must leave some for those.
 */
import { readFileSync } from "node:fs";
import type { Log } from "../base/log.ts";
import type { Config } from "./settings.ts";

/** What the server itself opens besides, 30 by measure: its log, ports, keys, and the files that it reads. */
const ownFiles = 48;
/** A worker's two pipes and its channel, and one more while it starts. */
const filesOfWorker = 4;
/** However low the limit is: fewer serve nobody. */
const fewestConnections = 8;

export interface OpenFiles {
  /** The system's limit; undefined where none is known. */
  readonly limit: number | undefined;
  /** Connections that the configuration allows on each of so many ports. */
  readonly connections: number;
  readonly ports: number;
  /** Descriptors that are needed for workers and other ports. */
  readonly others: number;
}

/** The connections that each port may take. Pure. */
export function connectionsWithin({ limit, connections, ports, others }: OpenFiles): number {
  if (limit === undefined) return connections;
  const left = Math.floor((limit - ownFiles - others) / ports);
  return Math.min(connections, Math.max(fewestConnections, left));
}

/**
 * Lets callers have no more connections than leave file descriptors for the server and its workers, and says so.
 * `scrapers`: connections of a metrics port.
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

/** The most files that this process may have open, which Node has raised as far as it may; undefined where the system does not tell. */
function openFilesLimit(): number | undefined {
  try {
    return parseLimit(readFileSync("/proc/self/limits", "utf8"));
  } catch {
    return undefined;
  }
}

/** The soft limit in Linux' table; undefined where there is none. */
export function parseLimit(table: string): number | undefined {
  const soft = /^Max open files\s+(\d+)/m.exec(table)?.[1];
  return soft === undefined ? undefined : Number(soft);
}
