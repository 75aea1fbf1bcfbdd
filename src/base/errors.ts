/** gRPC's canonical code names that this server answers with; the edge maps them to numbers. */
export type Code =
  | "CANCELLED"
  | "DEADLINE_EXCEEDED"
  | "FAILED_PRECONDITION"
  | "INTERNAL"
  | "INVALID_ARGUMENT"
  | "NOT_FOUND"
  | "PERMISSION_DENIED"
  | "RESOURCE_EXHAUSTED"
  | "UNAUTHENTICATED"
  | "UNAVAILABLE"
  | "UNIMPLEMENTED";

/** Every way a call can fail, and the code its caller sees. `docs/reference/errors.md` explains each. */
export const codes = {
  CALLER_GONE: "CANCELLED",
  COMPRESSED_FLAG_WRONG: "INTERNAL",
  CONTENT_TYPE_UNKNOWN: "INVALID_ARGUMENT",
  CREDENTIAL_INVALID: "UNAUTHENTICATED",
  DEADLINE_PASSED: "DEADLINE_EXCEEDED",
  ENCODING_UNKNOWN: "UNIMPLEMENTED",
  FIELD_INVALID: "INVALID_ARGUMENT",
  HTTP_METHOD_WRONG: "UNIMPLEMENTED",
  INPUT_TOO_LONG: "INVALID_ARGUMENT",
  INPUT_UNREADABLE: "INVALID_ARGUMENT",
  INTAKE_FULL: "RESOURCE_EXHAUSTED",
  INTERNAL: "INTERNAL",
  ISSUER_UNREACHABLE: "UNAVAILABLE",
  KEY_QUOTA: "RESOURCE_EXHAUSTED",
  MESSAGE_COUNT: "UNIMPLEMENTED",
  MESSAGE_MALFORMED: "INVALID_ARGUMENT",
  MESSAGE_TOO_LARGE: "RESOURCE_EXHAUSTED",
  METHOD_UNKNOWN: "UNIMPLEMENTED",
  MODEL_FAILED: "UNAVAILABLE",
  MODEL_NOT_FOUND: "NOT_FOUND",
  MODEL_NOT_READY: "UNAVAILABLE",
  MODEL_REQUIRED: "INVALID_ARGUMENT",
  NOT_ALLOWED: "PERMISSION_DENIED",
  NO_CHAT_TEMPLATE: "FAILED_PRECONDITION",
  NO_CREDENTIAL: "UNAUTHENTICATED",
  PROMPT_TOO_LONG: "INVALID_ARGUMENT",
  QUEUE_FULL: "RESOURCE_EXHAUSTED",
  REQUEST_QUARANTINED: "FAILED_PRECONDITION",
  RESULT_NOT_FINITE: "INTERNAL",
  SERVICE_NOT_FOUND: "NOT_FOUND",
  SHUTTING_DOWN: "UNAVAILABLE",
  SLOW_READER: "DEADLINE_EXCEEDED",
  SLOW_SENDER: "DEADLINE_EXCEEDED",
  TIMEOUT_INVALID: "INVALID_ARGUMENT",
  TOO_MANY_CALLS: "RESOURCE_EXHAUSTED",
  TOO_MANY_OPEN_CALLS: "RESOURCE_EXHAUSTED",
  WORKER_EXITED: "UNAVAILABLE",
  WOULD_EXPIRE: "DEADLINE_EXCEEDED",
  WRONG_TASK: "FAILED_PRECONDITION",
} as const satisfies Record<string, Code>;

export type Reason = keyof typeof codes;

/** One wrong field of a request: `field` is its proto path, such as `sampling.temperature` or `inputs[3]`. */
export interface Violation {
  readonly field: string;
  readonly description: string;
}

/** What an error may say beyond its reason and message. */
export interface ErrorExtras {
  /** The message's variable parts, for programs; they become `ErrorInfo.metadata`. */
  readonly facts?: Readonly<Record<string, string>>;
  /** All wrong fields; they become `google.rpc.BadRequest`. */
  readonly violations?: readonly Violation[];
  /** When trying again may succeed; becomes `google.rpc.RetryInfo`. */
  readonly retryAfterMs?: number;
  /** What was thrown, for the log only. */
  readonly cause?: unknown;
}

/** An error as it crosses a process boundary: its class and stack do not. */
export interface ErrorData {
  readonly reason: Reason;
  readonly message: string;
  readonly facts?: Readonly<Record<string, string>>;
  readonly violations?: readonly Violation[];
}

/** The only error that may reach a caller. Its message is written for callers: no prompt, path or key. */
export class ServeError extends Error {
  override readonly name = "ServeError";
  readonly reason: Reason;
  readonly facts: Readonly<Record<string, string>>;
  readonly violations: readonly Violation[];
  readonly retryAfterMs: number | undefined;

  constructor(reason: Reason, message: string, extras: ErrorExtras = {}) {
    super(message, { cause: extras.cause });
    this.reason = reason;
    this.facts = extras.facts ?? {};
    this.violations = extras.violations ?? [];
    this.retryAfterMs = extras.retryAfterMs;
  }

  get code(): Code {
    return codes[this.reason];
  }

  /**
   * Turns anything thrown into a ServeError. Called at boundaries only.
   *
   * The text of an unknown error goes to `cause`, for the log, and never to the caller: a native
   * engine's message can quote a prompt or a file path.
   */
  static from(thrown: unknown): ServeError {
    if (thrown instanceof ServeError) return thrown;
    return new ServeError("INTERNAL", "internal error", { cause: thrown });
  }

  static fromData(data: ErrorData): ServeError {
    return new ServeError(data.reason, data.message, data);
  }

  toData(): ErrorData {
    const { reason, message, facts, violations } = this;
    return { reason, message, facts, violations };
  }
}
