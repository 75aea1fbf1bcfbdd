/** The meter of a server with metrics: receives reports, returns the text of `/metrics`. */
import { Counter, Gauge, Histogram, Registry } from "prom-client";
import { failures } from "../base/errors.ts";
import type {
  DroppedJob,
  EdgeLoad,
  EndedCall,
  FinishedJob,
  Meter,
  ModelLoad,
  ModelMeter,
  RefusedCall,
} from "../base/meter.ts";
import { CallCounts } from "./call-counts.ts";
import type { Metric } from "./metric.ts";
import { metrics } from "./table.ts";

export interface PrometheusMeter extends Meter {
  /** Delay of the event loop. */
  readonly loopLagged: (ms: number) => void;
  /** All metrics in Prometheus' text format. */
  readonly text: () => Promise<string>;
  /** Content type of `text`, for HTTP. */
  readonly contentType: string;
}

type Collectors = {
  readonly [K in keyof typeof metrics]: (typeof metrics)[K]["type"] extends "counter"
    ? Counter
    : (typeof metrics)[K]["type"] extends "gauge"
      ? Gauge
      : Histogram;
};

/** State of the server, read once per scrape. */
export interface Loads {
  readonly models: () => readonly ModelLoad[];
  readonly edge: () => EdgeLoad;
}

export function openMeter(loads: Loads): PrometheusMeter {
  const registry = new Registry();
  const collectors = collectorsIn(registry);
  const counts = new CallCounts();
  const models = new Map<string, ModelMeter>();
  return {
    callBegan: (method) => counts.began(method),
    callEnded: (call) => {
      counts.ended(call);
      noteEnd(collectors, call);
    },
    callRejected: (call) => noteRefusal(collectors, call),
    connectionRejected: (reason) => collectors.rejected.inc({ reason }),
    model: (name) => {
      const meter = models.get(name) ?? modelMeter(collectors, name);
      models.set(name, meter);
      return meter;
    },
    loopLagged: (ms) => collectors.loopLag.observe(ms / 1000),
    text: () => {
      readCounts(collectors, counts);
      readModels(collectors, loads.models());
      readEdge(collectors, loads.edge());
      return registry.metrics();
    },
    contentType: registry.contentType,
  };
}

function collectorsIn(registry: Registry): Collectors {
  const rows: readonly (readonly [string, Metric])[] = Object.entries(metrics);
  const made = rows.map(([key, metric]) => [key, collectorOf(metric, registry)]);
  // `Collectors` is computed from the same table; Object.fromEntries loses keys and kinds.
  return Object.fromEntries(made) as Collectors;
}

function collectorOf(metric: Metric, registry: Registry): Counter | Gauge | Histogram {
  const { name, help } = metric;
  const shared = { name, help, labelNames: metric.labels, registers: [registry] };
  switch (metric.type) {
    case "counter":
      return new Counter(shared);
    case "gauge":
      return new Gauge(shared);
    case "histogram":
      return new Histogram({ ...shared, buckets: [...metric.buckets] });
  }
}

function noteEnd(collectors: Collectors, call: EndedCall): void {
  const { method, model = "", reason = "" } = call;
  collectors.callSeconds.observe({ method, model }, call.durationMs / 1000);
  if (model !== "" && reason !== "" && !call.isStarted)
    collectors.modelRejections.inc({ model, reason });
}

/** Rejected calls are among all calls too, so that a sum over them counts each response. */
function noteRefusal({ calls, rejected }: Collectors, { method, reason }: RefusedCall): void {
  calls.inc({ method, model: "", code: failures[reason].code, reason });
  rejected.inc({ reason });
}

/** Looks labels up once, since pieces are frequent. */
function modelMeter(collectors: Collectors, model: string): ModelMeter {
  const wait = collectors.queueWait.labels(model);
  const first = collectors.timeToFirstToken.labels(model);
  const gap = collectors.interTokenLatency.labels(model);
  const free = collectors.cancelToFree.labels(model);
  const wasted = collectors.wastedTokens.labels(model);
  const stepJobs = collectors.stepJobs.labels(model);
  // Present from the start, so that a rate exists when the first worker dies.
  const restarts = collectors.workerRestarts.labels(model);
  restarts.inc(0);
  return {
    started: (waitMs) => wait.observe(waitMs / 1000),
    firstPiece: (afterMs) => first.observe(afterMs / 1000),
    nextPiece: (gapMs) => gap.observe(gapMs / 1000),
    finished: (job) => noteFinish(collectors, model, job),
    dropped: (job) => noteDrop(collectors, model, job),
    freed: (afterAbortMs, count) => {
      free.observe(afterAbortMs / 1000);
      wasted.inc(count);
    },
    stepped: (jobs) => stepJobs.observe(jobs),
    prefixesMoved: ({ saved, restored, evicted }) => {
      collectors.prefixesSaved.inc({ model }, saved);
      collectors.prefixesRestored.inc({ model }, restored);
      collectors.prefixesEvicted.inc({ model }, evicted);
    },
    restarted: () => restarts.inc(),
  };
}

function noteFinish(collectors: Collectors, model: string, job: FinishedJob): void {
  collectors.prefill.observe({ model }, job.prefillMs / 1000);
  collectors.promptTokens.inc({ model }, job.promptTokens);
  if (job.kind === "items") return;
  collectors.decode.observe({ model }, job.decodeMs / 1000);
  collectors.cachedPromptTokens.inc({ model }, job.cachedPromptTokens);
  collectors.completionTokens.inc({ model }, job.completionTokens);
  collectors.prefixHits.inc({ model }, job.cachedPromptTokens > 0 ? 1 : 0);
}

/** Tokens delivered by an unfinished job count like those of a finished job: they were computed and delivered. */
function noteDrop(collectors: Collectors, model: string, job: DroppedJob): void {
  const { stage, reason, promptTokens, completionTokens } = job;
  collectors.failedJobs.inc({ model, stage, reason });
  if (promptTokens > 0) collectors.promptTokens.inc({ model }, promptTokens);
  if (completionTokens > 0) collectors.completionTokens.inc({ model }, completionTokens);
  const given = promptTokens + completionTokens;
  if (given > 0) collectors.unfinishedTokens.inc({ model }, given);
}

function readCounts({ calls, runningCalls }: Collectors, counts: CallCounts): void {
  for (const [method, count] of counts.running) runningCalls.set({ method }, count);
  counts.takeEnded((labels, count) => calls.inc({ ...labels }, count));
}

function readEdge(collectors: Collectors, load: EdgeLoad): void {
  collectors.connections.set(load.connections);
  collectors.openCalls.set(load.openCalls);
  collectors.uploadBytes.set(load.uploadBytes);
}

function readModels(collectors: Collectors, loads: readonly ModelLoad[]): void {
  const { modelReady, jobsWaiting, jobsRunning, slots } = collectors;
  const { cells, usedCells, prefixBytes, prefixLimitBytes } = collectors;
  const all = [modelReady, jobsWaiting, jobsRunning, slots];
  // A removed model must not keep its last value.
  for (const gauge of [...all, cells, usedCells, prefixBytes, prefixLimitBytes]) gauge.reset();
  for (const load of loads) {
    const { model } = load;
    modelReady.set({ model }, load.isReady ? 1 : 0);
    jobsWaiting.set({ model }, load.queuedJobs);
    jobsRunning.set({ model }, load.runningJobs);
    slots.set({ model }, load.slots);
    if (load.cells > 0) {
      cells.set({ model }, load.cells);
      usedCells.set({ model }, load.usedCells);
    }
    if (load.prefixLimitBytes > 0) {
      prefixBytes.set({ model }, load.prefixBytes);
      prefixLimitBytes.set({ model }, load.prefixLimitBytes);
    }
  }
}
