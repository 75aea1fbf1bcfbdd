import type { Config } from "../config/settings.ts";

/** The settings that bound what one caller may ask for, and say what those get who do not ask. */
export type Limits = Pick<
  Config,
  | "maxMessageBytes"
  | "maxResponseBytes"
  | "maxInputs"
  | "maxTokens"
  | "maxPromptTokens"
  | "maxStops"
  | "maxStopBytes"
  | "maxLogitBias"
  | "maxQueuedJobs"
  | "maxQueuedTokens"
  | "maxQueuedJobsTotal"
  | "maxQueuedTokensTotal"
  | "maxCallMs"
  | "waitForModel"
>;
