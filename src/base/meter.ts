/**
 * What the parts of the server report of their work, each fact from the one place that knows it. `src/telemetry/` turns
 * reports into metrics. A server without metrics passes `silentMeter`.
 */
import type { Code, Reason } from "./errors.ts";

export interface Meter {
  callBegan(method: string): void;
  callEnded(call: EndedCall): void;
  /** A call was rejected before a handler ran. Each response is reported once. */
  callRejected(call: RefusedCall): void;
  /** The server closed a connection. */
  connectionRejected(reason: ConnectionReason): void;
  /** Reports of one model. The name becomes a label, so it must be that of a loaded model. */
  model(name: string): ModelMeter;
}

/** Why the server closed a connection. */
export type ConnectionReason =
  | "TOO_MANY_CONNECTIONS"
  | "TOO_MANY_RESETS"
  | "HEADERS_TOO_LARGE"
  | "NOT_HTTP2"
  | "SETTINGS_TIMEOUT"
  | "TLS_REFUSED";

/** The method of calls to methods that this server does not have. Names that clients choose must not become labels. */
export const unknownMethod = "unknown";

/** A call that ended before a handler ran. */
export interface RefusedCall {
  /** A served method, or `unknownMethod`. */
  readonly method: string;
  /** The reason that the client received. */
  readonly reason: Reason;
}

/** The end of a call, as the client saw it. */
export interface EndedCall {
  readonly method: string;
  /** Undefined if the call reached no model. Never a name that a client made up. */
  readonly model: string | undefined;
  readonly code: "OK" | Code;
  /** Undefined on success. */
  readonly reason: Reason | undefined;
  readonly durationMs: number;
  /** Whether a worker had started its job. */
  readonly isStarted: boolean;
}

export interface ModelMeter {
  /** A worker started a job. */
  started(waitMs: number): void;
  firstPiece(afterMs: number): void;
  /** Another piece of the same completion. */
  nextPiece(gapMs: number): void;
  finished(result: FinishedJob): void;
  /** A job ended without finishing. */
  dropped(job: DroppedJob): void;
  /**
   * A worker confirmed that it freed a job whose call had ended. `wasted` is the number of tokens computed for it after
   * that.
   */
  freed(afterAbortMs: number, wasted: number): void;
  /** An engine computed this many sequences or texts in one step. */
  stepped(jobs: number): void;
  /**
   * An engine saved, restored and evicted this many more prefixes. All zero when an engine first reports that it keeps
   * prefixes.
   */
  prefixesMoved(more: PrefixCounts): void;
  /** A worker died and is replaced. */
  restarted(): void;
}

/**
 * The stage of a job: before the queue, in quarantine as a possible cause of worker deaths, in the queue, or in a
 * worker.
 */
export type JobStage = "admission" | "suspect" | "queue" | "worker";

export interface DroppedJob {
  readonly stage: JobStage;
  readonly reason: Reason;
  /** Of texts whose vectors were delivered to the call. */
  readonly promptTokens: number;
  /** Of pieces delivered to the call. */
  readonly completionTokens: number;
}

export interface FinishedJob {
  readonly kind: "completion" | "items";
  readonly promptTokens: number;
  readonly cachedPromptTokens: number;
  readonly completionTokens: number;
  readonly prefillMs: number;
  readonly decodeMs: number;
}

/** What engines did with prompt prefixes that they keep outside their KV memory. */
export interface PrefixCounts {
  readonly saved: number;
  readonly restored: number;
  readonly evicted: number;
}

/** The state of a model, read at each scrape. */
export interface ModelLoad {
  readonly model: string;
  readonly isReady: boolean;
  readonly queuedJobs: number;
  readonly runningJobs: number;
  readonly slots: number;
  /** Of the KV memory of all its workers. Zero without one. */
  readonly cells: number;
  readonly usedCells: number;
  /** Of the prefixes that all its workers keep outside it. The limit is zero if they keep none. */
  readonly prefixBytes: number;
  readonly prefixLimitBytes: number;
}

/** Open connections and calls, read at each scrape. */
export interface EdgeLoad {
  readonly connections: number;
  /** Calls that count towards the limit on open calls, also before a handler runs. */
  readonly openCalls: number;
  /** Of incomplete requests. */
  readonly uploadBytes: number;
}

const nothing = (): void => undefined;

/** Counts nothing. */
export const silentModelMeter: ModelMeter = {
  started: nothing,
  firstPiece: nothing,
  nextPiece: nothing,
  finished: nothing,
  dropped: nothing,
  freed: nothing,
  stepped: nothing,
  prefixesMoved: nothing,
  restarted: nothing,
};

/** Counts nothing. */
export const silentMeter: Meter = {
  callBegan: nothing,
  callEnded: nothing,
  callRejected: nothing,
  connectionRejected: nothing,
  model: () => silentModelMeter,
};
