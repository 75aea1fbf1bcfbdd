/** What a call's job tells of itself when the call has ended, as far as it is known. Fields of the call's line in the log. */
export interface JobLogFields {
  readonly promptTokens?: number;
  readonly completionTokens?: number;
  readonly queueMs?: number;
  readonly finishReason?: string;
  readonly timeToFirstTokenMs?: number;
}

export interface JobFacts {
  /** Whether a worker had begun it. */
  readonly isStarted: boolean;
  readonly logFields: JobLogFields;
}
