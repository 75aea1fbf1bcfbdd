/**
 * The settings that bound what one caller may ask for, and say what a call gets that does not ask. Their names are those
 * of `src/config/`, which says what each means.
 */
export interface Limits {
  readonly maxMessageBytes: number;
  readonly maxResponseBytes: number;
  readonly maxInputs: number;
  readonly maxTokens: number;
  readonly maxPromptTokens: number;
  readonly maxStops: number;
  readonly maxStopBytes: number;
  readonly maxLogitBias: number;
  readonly maxQueuedJobs: number;
  readonly maxQueuedTokens: number;
  readonly maxQueuedJobsTotal: number;
  readonly maxQueuedTokensTotal: number;
  readonly maxCallMs: number;
  readonly waitForModel: "on" | "off";
}
