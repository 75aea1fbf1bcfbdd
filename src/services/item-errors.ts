/** What a call is told of items that its model cannot compute. */
import {
  type ErrorData,
  failures,
  type FieldReason,
  ServeError,
  type Violation,
} from "../base/errors.ts";

interface Item {
  readonly index: number;
  readonly error?: ErrorData | undefined;
}

/** The first text's error, with every text that is wrong by its path, an index of `field`; undefined where none is. */
export function textError(items: readonly Item[], field: string): ServeError | undefined {
  const failed = items.flatMap(({ index, error }) =>
    error === undefined ? [] : [{ index, error }],
  );
  const [first] = failed;
  if (first === undefined) return undefined;
  const { index, error } = first;
  // A user's engine may state anything.
  if (!isKnown(error)) {
    return ServeError.from(
      new Error(`the engine failed a text with an unknown reason: ${error.message}`),
    );
  }
  const more = failed.length === 1 ? "" : `, and ${failed.length - 1} more of the texts`;
  return new ServeError(error.reason, `${field}[${index}]: ${error.message}${more}`, {
    facts: { ...error.facts, index: String(index) },
    ...(error.retryAfterMs !== undefined && { retryAfterMs: error.retryAfterMs }),
    violations: failed.flatMap((each) => violationOf(`${field}[${each.index}]`, each.error)),
  });
}

const isKnown = ({ reason }: ErrorData): boolean => Object.hasOwn(failures, reason);

/** None for a fault that is not the text's. */
function violationOf(field: string, error: ErrorData): readonly Violation[] {
  const { reason, message } = error;
  if (!isKnown(error) || failures[reason].code !== "INVALID_ARGUMENT") return [];
  const why: FieldReason = reason === "INPUT_TOO_LONG" ? "TOO_LONG" : "UNSUPPORTED";
  return [{ field, reason: why, description: message }];
}
