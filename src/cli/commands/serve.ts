/** `inferd serve`: starts the server, shows how it goes, and ends it by signals. */
import type { App } from "../../app/app.ts";
import { systemClock } from "../../base/clock.ts";
import { giveBackHeap } from "../../base/heap.ts";
import { type Log, openLog, type RootLog } from "../../base/log.ts";
import { unixPathOf } from "../../base/unix-path.ts";
import { version } from "../../base/version.ts";
import type { Config } from "../../config/settings.ts";
import type { ModelStatus } from "../../models/model.ts";
import { slotsOf } from "../../models/slots.ts";
import { followParent, startedBy } from "../parent.ts";
import { readConfig, type SettingFlags } from "../configuration.ts";
import { exitCodes } from "../failure.ts";
import { table, write } from "../print.ts";
import { Progress } from "../progress.ts";
import { fixedChanges } from "../reload.ts";
import { openStandardError } from "../standard-error.ts";

export type ServeFlags = SettingFlags;

export async function serve(flags: ServeFlags): Promise<void> {
  const config = await readConfig(flags);
  const isPretty =
    config.logFormat === "pretty" || (config.logFormat === "auto" && process.stderr.isTTY);
  const { log, progress } = await openServerLog(config, isPretty);
  const { startApp } = await import("../../app/app.ts");
  const app = await startApp(config, log, process.env);
  const ending = endInTime(app, log, config);
  reloadBySignal({ app, log, config, flags, ending });
  await untilLoaded(app, progress);
  giveBackHeap();
  // A server that was told to end while it loaded has no models any more, which is no complaint.
  if (!ending.aborted) await announce({ app, config, log, isPretty });
  await app.closed;
}

/** A log that stops no server, and on a terminal the progress below it. */
async function openServerLog(config: Config, isPretty: boolean) {
  const { stderr } = process;
  const writer = openStandardError((lines) =>
    log.warn({ lines }, "the log could not be written for a while; these lines are lost"),
  );
  const terminal = {
    get columns() {
      return stderr.columns;
    },
    write: (text: string) => writer.write(text),
  };
  const progress = stderr.isTTY && isPretty ? new Progress(terminal) : undefined;
  const log: RootLog = await openLog({
    level: config.logLevel,
    format: isPretty ? "pretty" : "json",
    colors: stderr.isTTY && stderr.hasColors(),
    destination: progress ?? writer,
  });
  return { log, progress };
}

type Cause = { readonly signal: "SIGINT" | "SIGTERM" } | { readonly parent: "ended" };

/**
 * Drains at the first signal, which aborts the result; a second one ends the process at once. SIGTERM
 * comes from a manager, who has clients to lead elsewhere; Ctrl-C from a person, who does not wait.
 */
function endInTime(app: App, log: Log, config: Config): AbortSignal {
  const ending = new AbortController();
  const drain = (cause: Cause, lameDuckMs: number): void => {
    ending.abort();
    log.info({ audit: true, act: "draining", ...cause }, "draining; a second signal ends at once");
    app.drain(lameDuckMs).then(
      () => {
        log.info({}, "stopped");
        // Whatever is still open now must not keep the process: its calls have had their grace.
        process.exit(exitCodes.ok);
      },
      (error: unknown) => {
        log.error({ error }, "could not drain");
        process.exit(exitCodes.failed);
      },
    );
  };
  const end = (signal: "SIGINT" | "SIGTERM"): void => {
    if (ending.signal.aborted) process.exit(signal === "SIGINT" ? exitCodes.interrupted : 143);
    drain({ signal }, signal === "SIGTERM" ? config.lameDuckMs : 0);
  };
  process.on("SIGTERM", end);
  process.on("SIGINT", end);
  if (config.exitWithParent) {
    endWithParent(() => {
      if (!ending.signal.aborted) drain({ parent: "ended" }, config.lameDuckMs);
    });
  }
  return ending.signal;
}

function endWithParent(onEnded: () => void): void {
  const ppid = (): number => process.ppid;
  const parentPid = startedBy(process.env["INFERD_PARENT_PID"], ppid());
  followParent({ parentPid, ppid, clock: systemClock, onEnded });
}

interface Reloading {
  readonly app: App;
  readonly log: RootLog;
  readonly config: Config;
  readonly flags: ServeFlags;
  /** Aborted from the first signal to end on. */
  readonly ending: AbortSignal;
}

/** Reads the configuration anew at each SIGHUP, in turn. A bad one changes nothing, and is told in one line. */
function reloadBySignal({ app, log, config, flags, ending }: Reloading): void {
  const reload = async (): Promise<void> => {
    const changed = await readConfig(flags);
    if (ending.aborted) {
      log.warn({}, "the server is ending; the configuration stays as it is");
      return;
    }
    await app.reload(changed);
    for (const setting of fixedChanges(config, changed)) {
      log.warn({ setting }, "this setting cannot change while the server runs; restart it");
    }
    const { logLevel } = changed;
    log.info({ audit: true, act: "reloaded", logLevel }, "configuration read again");
    log.setLevel(logLevel);
  };
  let last = Promise.resolve();
  process.on("SIGHUP", () => {
    last = last.then(reload).catch((error: unknown) => {
      const problem = error instanceof Error ? error.message : String(error);
      log.error(
        { audit: true, act: "reload rejected", problem },
        "the configuration was not taken; nothing was changed",
      );
    });
  });
}

/** Waits until every model is ready or has failed. */
async function untilLoaded({ models }: App, progress: Progress | undefined): Promise<void> {
  const isLoading = (): boolean => models.list().some(({ state }) => state === "loading");
  for (const { manifest, state } of models.list()) {
    if (state === "loading") progress?.update(manifest.name, 0);
  }
  const offProgress = models.onProgress((name, fraction) => progress?.update(name, fraction));
  if (isLoading()) {
    await new Promise<void>((resolve) => {
      const offChange = models.onChange(({ manifest, state }) => {
        if (state !== "loading") progress?.end(manifest.name);
        if (isLoading()) return;
        offChange();
        resolve();
      });
    });
  }
  offProgress();
}

interface Announcement {
  readonly app: App;
  readonly config: Config;
  readonly log: Log;
  readonly isPretty: boolean;
}

/** Says that the server is ready: in words where a person reads, as one log line otherwise. */
async function announce({ app, config, log, isPretty }: Announcement): Promise<void> {
  const isSocket = unixPathOf(config.host) !== undefined;
  const address = isSocket ? config.host : `${shownHost(config.host)}:${app.port}`;
  const statuses = app.models.list();
  const ready = statuses.filter(({ state }) => state === "ready");
  const failed = statuses.filter(({ state }) => state === "failed");
  if (ready.length === 0) {
    log.error({ address, models: statuses.length }, "no model could be loaded; calls will fail");
    return;
  }
  const startMs = Math.round(performance.now());
  if (!isPretty) {
    const models = ready.map(({ manifest }) => manifest.name);
    log.info({ address, port: app.port, models, threads: config.cores, startMs, version }, "ready");
    return;
  }
  await write(readyText({ address, threads: config.cores, startMs, ready, failed }));
}

/** The host as a client on this machine writes it: no one can call 0.0.0.0. */
function shownHost(host: string): string {
  if (host === "0.0.0.0" || host === "::") return "localhost";
  return host.includes(":") ? `[${host}]` : host;
}

interface Ready {
  readonly address: string;
  readonly threads: number;
  readonly startMs: number;
  readonly ready: readonly ModelStatus[];
  readonly failed: readonly ModelStatus[];
}

export function readyText({ address, threads, startMs, ready, failed }: Ready): string {
  const rows = [...ready, ...failed].map((status) => [
    `  ${status.manifest.name}`,
    status.manifest.task,
    status.manifest.engine.startsWith("/") ? "module" : status.manifest.engine,
    ...roomOf(status),
  ]);
  const lines = [
    "",
    `inferd ${version} is ready on ${address} after ${(startMs / 1000).toFixed(1)} s, ${threads} threads`,
    table(["  model", "task", "engine", "slots", "context"], rows),
    "",
    "Try it from another terminal:",
    ...tries(address, new Set(ready.map(({ manifest }) => manifest.task))),
    "",
    "Ctrl-C finishes running calls, then stops.",
    "",
  ];
  return `${lines.join("\n")}\n`;
}

/** How many jobs it takes at once, and how long each may be. */
function roomOf(status: ModelStatus): readonly string[] {
  if (status.state === "failed") return ["-", "failed, see above"];
  return [String(slotsOf(status)), `${status.info?.contextLength ?? "?"} tokens`];
}

function tries(address: string, tasks: ReadonlySet<string>): readonly string[] {
  const flag = address === "127.0.0.1:50051" ? "" : ` --address ${address}`;
  const call = (data: string, method: string): string =>
    `  grpcurl -plaintext -d '${data}' ${address} inferd.v1.${method}`;
  return tasks.has("generate")
    ? [
        `  bin/inferd generate${flag} "Once upon a time"`,
        call('{"prompt":"Once upon a time"}', "GenerationService/GenerateStream"),
      ]
    : [
        `  bin/inferd embed${flag} "a cat on the mat"`,
        call('{"inputs":["a cat on the mat"]}', "EmbeddingService/Embed"),
      ];
}
