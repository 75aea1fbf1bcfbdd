/** How a ServeError looks over HTTP: a status, headers for retries, and OpenAI's error body. */
import type { Code, Reason, ServeError, Violation } from "../base/errors.ts";

export interface HttpError {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: ErrorBody;
}

/** As OpenAI's clients read it: the status decides the class, `code` is for programs. */
interface ErrorBody {
  readonly error: {
    readonly message: string;
    readonly type: string;
    /** The wrong parameter; the first of several. */
    readonly param: string | null;
    readonly code: string;
  };
}

/** The parameter of a route that a field of the contract comes from. */
export type ParamOf = (field: string) => string;

const statuses: Readonly<Record<Code, number>> = {
  CANCELLED: 499,
  DEADLINE_EXCEEDED: 504,
  FAILED_PRECONDITION: 400,
  INTERNAL: 500,
  INVALID_ARGUMENT: 400,
  NOT_FOUND: 404,
  PERMISSION_DENIED: 403,
  RESOURCE_EXHAUSTED: 429,
  UNAUTHENTICATED: 401,
  UNAVAILABLE: 503,
  UNIMPLEMENTED: 501,
};

/** Where HTTP tells apart what gRPC does not. */
const statusesOfReasons: Partial<Record<Reason, number>> = {
  CONTENT_TYPE_UNKNOWN: 415,
  HTTP_METHOD_WRONG: 405,
  MESSAGE_TOO_LARGE: 413,
  METHOD_UNKNOWN: 404,
  SLOW_SENDER: 408,
};

/** OpenAI's own codes for what inferd has a reason for; the others are the reason in lower case. */
const openAiCodes: Partial<Record<Reason, string>> = {
  CREDENTIAL_INVALID: "invalid_api_key",
  PROMPT_TOO_LONG: "context_length_exceeded",
  QUOTA_EXCEEDED: "rate_limit_exceeded",
};

const types: Readonly<Record<number, string>> = {
  401: "authentication_error",
  403: "permission_error",
  429: "rate_limit_error",
};

export function httpError(error: ServeError, paramOf: ParamOf = (field) => field): HttpError {
  const status = statusesOfReasons[error.reason] ?? statuses[error.code];
  const violations = error.violations.map((one) => ({ ...one, field: paramOf(one.field) }));
  const body = {
    message: violations.length === 0 ? error.message : violations.map(sentence).join("; "),
    type: types[status] ?? (status >= 500 ? "server_error" : "invalid_request_error"),
    param: violations[0]?.field ?? null,
    code: openAiCodes[error.reason] ?? error.reason.toLowerCase(),
  };
  return { status, headers: retryHeaders(error, status), body: { error: body } };
}

const sentence = ({ field, description }: Violation): string => `${field}: ${description}`;

/** Statuses that OpenAI's clients try again unless they are told otherwise. */
const isTriedAgain = (status: number): boolean =>
  status === 408 || status === 409 || status === 429 || status >= 500;

function retryHeaders({ retryAfterMs, isLasting }: ServeError, status: number) {
  if (retryAfterMs !== undefined) {
    const ms = Math.ceil(retryAfterMs);
    return {
      "retry-after": String(Math.ceil(ms / 1000)),
      "retry-after-ms": String(ms),
      "x-should-retry": "true",
    };
  }
  return isLasting && isTriedAgain(status) ? { "x-should-retry": "false" } : {};
}
