/**
 * What the parts of the server report of their work, each fact from the one place that knows it.
 * `src/metrics/` makes figures of it; a server without metrics passes `silentMeter`.
 */
import type { Code, Reason } from "./errors.ts";

export interface Meter {
  callBegan(method: string): void;
  callEnded(call: EndedCall): void;
  /** The edge refused a call that no method began, and no other: each call that is answered is told of once. */
  callTurnedAway(call: RefusedCall): void;
  /** The edge closed a connection. */
  connectionTurnedAway(reason: ConnectionReason): void;
  /** Reports of one model. Its name becomes a label, so it must be a loaded model's. */
  model(name: string): ModelMeter;
}

/** Why the edge closed a connection. */
export type ConnectionReason =
  | "TOO_MANY_CONNECTIONS"
  | "TOO_MANY_RESETS"
  | "HEADERS_TOO_LARGE"
  | "NOT_HTTP2"
  | "SETTINGS_TIMEOUT"
  | "TLS_REFUSED";

/** The method of calls to none that this server has: what callers make up is no label. */
export const unknownMethod = "unknown";

/** A call that ended before its method began. */
export interface RefusedCall {
  /** One that is served, or `unknownMethod`. */
  readonly method: string;
  /** What its caller was told. */
  readonly reason: Reason;
}

/** A call as its caller saw it end. */
export interface EndedCall {
  readonly method: string;
  /** Undefined where the call reached no model: a name that a caller made up is never here. */
  readonly model: string | undefined;
  readonly code: "OK" | Code;
  /** Undefined where it went well. */
  readonly reason: Reason | undefined;
  readonly durationMs: number;
  /** Whether a worker had begun its job. */
  readonly isStarted: boolean;
}

export interface ModelMeter {
  /** A worker began a job. */
  started(waitMs: number): void;
  firstPiece(afterMs: number): void;
  /** Another piece of the same completion. */
  nextPiece(gapMs: number): void;
  finished(result: FinishedJob): void;
  /** A job ended that did not finish. */
  dropped(job: DroppedJob): void;
  /** A worker said that a job which nobody waited for any more holds nothing now; so many tokens came for it after that. */
  freed(afterAbortMs: number, wasted: number): void;
  /** An engine computed so many sequences or texts in one step. */
  stepped(jobs: number): void;
  /** An engine kept, put back and dropped so many more prefixes. Told with zeros when an engine first says that it keeps any. */
  prefixesMoved(more: PrefixCounts): void;
  /** A worker died and another takes its place. */
  restarted(): void;
}

/**
 * Where a job is: before it may wait, in quarantine for being suspected of killing workers, in line for a slot,
 * or with a worker.
 */
export type JobStage = "admission" | "suspect" | "queue" | "worker";

export interface DroppedJob {
  readonly stage: JobStage;
  readonly reason: Reason;
  /** Of texts whose vectors the call was given. */
  readonly promptTokens: number;
  /** That the call was given. */
  readonly completionTokens: number;
}

export interface FinishedJob {
  readonly kind: "generate" | "embed";
  readonly promptTokens: number;
  readonly cachedPromptTokens: number;
  readonly completionTokens: number;
  readonly prefillMs: number;
  readonly decodeMs: number;
}

/** What engines did with the beginnings of prompts that they keep beyond their KV memory. */
export interface PrefixCounts {
  readonly saved: number;
  readonly restored: number;
  readonly evicted: number;
}

/** A model as it stands: read when somebody asks for the metrics, and not before. */
export interface ModelLoad {
  readonly model: string;
  readonly isReady: boolean;
  readonly queuedJobs: number;
  readonly runningJobs: number;
  readonly slots: number;
  /** Of the KV memory of all its workers; zero where it has none. */
  readonly cells: number;
  readonly usedCells: number;
  /** Of the prefixes that all its workers keep beyond that; the limit is zero where they keep none. */
  readonly prefixBytes: number;
  readonly prefixLimitBytes: number;
}

/** What is open at the port for callers: read when somebody asks for the metrics, and not before. */
export interface EdgeLoad {
  readonly connections: number;
  /** Calls that have a place of those that may be open at once, also before their method has begun. */
  readonly openCalls: number;
  /** Of requests that are not whole. */
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
  callTurnedAway: nothing,
  connectionTurnedAway: nothing,
  model: () => silentModelMeter,
};
