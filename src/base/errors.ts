/** gRPC's canonical code names that this server uses. `src/grpc/` maps them to numbers. */
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

/** Facts about a reason. */
export interface Failure {
  readonly code: Code;
  /** The same call fails again, however often it is retried, unless the error states when to retry. */
  readonly isLasting: boolean;
  /** The message of a reason that has the same one wherever it arises. */
  readonly message?: string;
}

const stays = (code: Code): Failure => ({ code, isLasting: true });
const passes = (code: Code): Failure => ({ code, isLasting: false });

/** Every reason why a call can fail. `docs/reference/errors.md` explains each. */
export const failures = {
  CALLER_GONE: {
    ...passes("CANCELLED"),
    message: "the caller cancelled the call or lost its connection",
  },
  CHAT_TOO_SLOW: passes("RESOURCE_EXHAUSTED"),
  COMPRESSED_FLAG_WRONG: stays("INTERNAL"),
  CONSTRAINT_INVALID: stays("INVALID_ARGUMENT"),
  CONSTRAINT_UNSUPPORTED: stays("FAILED_PRECONDITION"),
  CONTENT_TYPE_UNKNOWN: stays("INVALID_ARGUMENT"),
  CREDENTIAL_INVALID: stays("UNAUTHENTICATED"),
  DEADLINE_PASSED: {
    ...passes("DEADLINE_EXCEEDED"),
    message: "the call's deadline passed before it was done",
  },
  ENCODING_UNKNOWN: stays("UNIMPLEMENTED"),
  FIELD_INVALID: stays("INVALID_ARGUMENT"),
  HTTP_METHOD_WRONG: stays("UNIMPLEMENTED"),
  INPUT_TOO_LONG: stays("INVALID_ARGUMENT"),
  INPUT_UNREADABLE: stays("INVALID_ARGUMENT"),
  INTERNAL: passes("INTERNAL"),
  ISSUER_UNREACHABLE: passes("UNAVAILABLE"),
  MESSAGE_COUNT: stays("UNIMPLEMENTED"),
  MESSAGE_MALFORMED: stays("INVALID_ARGUMENT"),
  MESSAGE_TOO_LARGE: stays("RESOURCE_EXHAUSTED"),
  METHOD_UNKNOWN: stays("UNIMPLEMENTED"),
  MODEL_FAILED: stays("UNAVAILABLE"),
  MODEL_NOT_FOUND: stays("NOT_FOUND"),
  MODEL_NOT_READY: passes("UNAVAILABLE"),
  MODEL_REQUIRED: stays("INVALID_ARGUMENT"),
  NOT_ALLOWED: stays("PERMISSION_DENIED"),
  NO_CHAT_TEMPLATE: {
    ...stays("FAILED_PRECONDITION"),
    message: "the model has no chat template: send a prompt",
  },
  NO_CREDENTIAL: stays("UNAUTHENTICATED"),
  ORIGIN_NOT_ALLOWED: stays("PERMISSION_DENIED"),
  PROMPT_TOO_LONG: stays("INVALID_ARGUMENT"),
  QUEUE_FULL: passes("RESOURCE_EXHAUSTED"),
  QUOTA_EXCEEDED: passes("RESOURCE_EXHAUSTED"),
  REQUEST_QUARANTINED: stays("FAILED_PRECONDITION"),
  RESPONSE_TOO_LARGE: stays("INVALID_ARGUMENT"),
  RESULT_NOT_FINITE: stays("INTERNAL"),
  SERVICE_NOT_FOUND: stays("NOT_FOUND"),
  SHUTTING_DOWN: passes("UNAVAILABLE"),
  SLOW_READER: passes("DEADLINE_EXCEEDED"),
  SLOW_SENDER: passes("DEADLINE_EXCEEDED"),
  TIMEOUT_INVALID: stays("INVALID_ARGUMENT"),
  TOOLS_UNSUPPORTED: stays("FAILED_PRECONDITION"),
  TOO_MANY_CALLS: passes("RESOURCE_EXHAUSTED"),
  TOO_MANY_OPEN_CALLS: passes("RESOURCE_EXHAUSTED"),
  UPLOAD_BUDGET_EXCEEDED: passes("RESOURCE_EXHAUSTED"),
  WORKER_EXITED: {
    ...passes("UNAVAILABLE"),
    message: "the model's worker has exited; try again",
  },
  WOULD_EXPIRE: passes("DEADLINE_EXCEEDED"),
  WRONG_TASK: {
    ...stays("FAILED_PRECONDITION"),
    message: "the model cannot do this task",
  },
} satisfies Record<string, Failure>;

export type Reason = keyof typeof failures;

type Failures = typeof failures;

/** The reasons whose message stands in the table. */
type ReasonWithMessage = {
  [R in Reason]: Failures[R] extends { readonly message: string } ? R : never;
}[Reason];

/** Machine-readable reasons why a field is wrong. `docs/reference/errors.md` explains each. */
export const fieldReasons = [
  "CONFLICT",
  "MALFORMED",
  "OUT_OF_RANGE",
  "REQUIRED",
  "TOO_LONG",
  "TOO_MANY",
  "UNKNOWN_VALUE",
  "UNSUPPORTED",
] as const;

export type FieldReason = (typeof fieldReasons)[number];

/** One wrong field of a request: `field` is its proto path, such as `sampling.temperature` or `inputs[3]`. */
export interface Violation {
  readonly field: string;
  readonly reason: FieldReason;
  readonly description: string;
}

/** A resource that a call names and that does not exist. */
export interface Resource {
  /** Its name in protobuf, such as `inferd.v1.Model`. */
  readonly type: string;
  readonly name: string;
}

/** Details of an error beyond its reason and message. */
export interface ErrorExtras {
  /** Variable parts of the message; they become `ErrorInfo.metadata`. */
  readonly facts?: Readonly<Record<string, string>>;
  /** All wrong fields; they become `google.rpc.BadRequest`. */
  readonly violations?: readonly Violation[];
  /** What was not found; becomes `google.rpc.ResourceInfo`. */
  readonly resource?: Resource;
  /** When a retry may succeed; becomes `google.rpc.RetryInfo`. */
  readonly retryAfterMs?: number;
  /** The original error, for the log only. */
  readonly cause?: unknown;
}

/** An error in messages between processes, without class and stack. */
export interface ErrorData {
  readonly reason: Reason;
  readonly message: string;
  readonly facts?: Readonly<Record<string, string>>;
  readonly violations?: readonly Violation[];
  readonly retryAfterMs?: number;
}

/**
 * The only error that may reach a client. Its message never holds a prompt, a path or a key.
 *
 * A foreseen one captures no stack: its reason says all, nothing shows more, and refusing a call must cost little.
 */
export class ServeError extends Error {
  override readonly name = "ServeError";
  readonly reason: Reason;
  readonly facts: Readonly<Record<string, string>>;
  readonly violations: readonly Violation[];
  readonly resource: Resource | undefined;
  readonly retryAfterMs: number | undefined;

  constructor(reason: Reason, message: string, extras: ErrorExtras = {}) {
    const { stackTraceLimit } = Error;
    if (reason !== "INTERNAL") Error.stackTraceLimit = 0;
    super(message, { cause: extras.cause });
    Error.stackTraceLimit = stackTraceLimit;
    this.reason = reason;
    this.facts = extras.facts ?? {};
    this.violations = extras.violations ?? [];
    this.resource = extras.resource;
    this.retryAfterMs = extras.retryAfterMs;
  }

  /** An error that has its reason's own message. */
  static of(reason: ReasonWithMessage, extras: ErrorExtras = {}): ServeError {
    return new ServeError(reason, failures[reason].message, extras);
  }

  get code(): Code {
    return failures[this.reason].code;
  }

  /** Whether the same call would fail again: its reason is lasting, and no time to retry is known. */
  get isLasting(): boolean {
    return this.retryAfterMs === undefined && failures[this.reason].isLasting;
  }

  /**
   * Converts any thrown value to a ServeError. Called at boundaries only.
   *
   * The text of an unknown error goes to `cause`, for the log, and never to the client: a native engine's message can
   * quote a prompt or a file path.
   */
  static from(thrown: unknown): ServeError {
    if (thrown instanceof ServeError) return thrown;
    return new ServeError("INTERNAL", "internal error", { cause: thrown });
  }

  static fromData(data: ErrorData): ServeError {
    return new ServeError(data.reason, data.message, data);
  }

  toData(): ErrorData {
    const { reason, message, facts, violations, retryAfterMs } = this;
    return {
      reason,
      message,
      facts,
      violations,
      ...(retryAfterMs !== undefined && { retryAfterMs }),
    };
  }
}
