/** Errors of a program: what of them callers are told, and what only the log. */
import {
  type ErrorData,
  failures,
  type FieldReason,
  fieldReasons,
  type Reason,
  type Violation,
} from "../../base/errors.ts";

/** An error of a program. */
export interface ProgramError {
  readonly error: ErrorData;
  /** What the log says of it; undefined where callers are told all. */
  readonly logged: string | undefined;
}

/** In characters. */
const longestMessage = 2_000;
const longestField = 200;
const longestTraceback = 16_000;
const mostViolations = 100;

const internal: ErrorData = { reason: "INTERNAL", message: "internal error" };

/** An error that a worker found in what a program has sent. */
export function ownError(logged: string): ProgramError {
  return { error: internal, logged };
}

/** An error as a frame has it. */
export function programError(value: unknown): ProgramError {
  const fields = fieldsOf(value);
  const message = clipped(fields["message"], longestMessage);
  const reason = reasonOf(fields["reason"]);
  if (reason === "INTERNAL" || reason === undefined) {
    const traceback = clipped(fields["traceback"], longestTraceback);
    const what = message === "" ? "it gave no message" : message;
    const unknown = reason === undefined ? `unknown reason ${clipped(fields["reason"], 50)}: ` : "";
    return ownError([unknown + what, traceback].filter((part) => part !== "").join("\n"));
  }
  const violations = violationsOf(fields["violations"]);
  const after = fields["retry_after"];
  const error: ErrorData = {
    reason,
    message: message === "" ? standardMessage(reason) : message,
    ...(violations.length > 0 && { violations }),
    // Whoever takes the error from the engine checks the time.
    ...(typeof after === "number" && { retryAfterMs: after * 1000 }),
  };
  return { error, logged: undefined };
}

const standardMessage = (reason: Reason): string => {
  const failure = failures[reason];
  return "message" in failure ? failure.message : "the model refused the request";
};

const isReason = (value: unknown): value is Reason =>
  typeof value === "string" && Object.hasOwn(failures, value);

const reasonOf = (value: unknown): Reason | undefined => (isReason(value) ? value : undefined);

function violationsOf(value: unknown): readonly Violation[] {
  if (!Array.isArray(value)) return [];
  return value.slice(0, mostViolations).map((each: unknown) => {
    const { field, reason, description } = fieldsOf(each);
    return {
      field: clipped(field, longestField),
      reason: fieldReasonOf(reason),
      description: clipped(description, longestMessage),
    };
  });
}

const fieldReasonOf = (value: unknown): FieldReason =>
  fieldReasons.find((known) => known === value) ?? "MALFORMED";

/** The fields of an object; none of anything else. */
export function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? { ...value } : {};
}

/** A text, cut to so many characters; empty where the value is none. */
export function clipped(value: unknown, most: number): string {
  if (typeof value !== "string") return "";
  return value.length > most ? `${value.slice(0, most)}…` : value;
}
