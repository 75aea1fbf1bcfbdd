/** What a call is told of items that its model cannot compute. */
import type { ItemError } from "../../gen/inferd/v1/types.ts";
import {
  type ErrorData,
  failures,
  type FieldReason,
  ServeError,
  type Violation,
} from "../base/errors.ts";
import type { CallContext } from "../calls/call.ts";

interface Item {
  readonly index: number;
  readonly error?: ErrorData | undefined;
}

/** An item's error as a response has it. */
export const itemErrorOf = ({ reason, message }: ErrorData): ItemError => ({ reason, message });

interface Asked {
  readonly request: { readonly allowItemErrors: boolean };
  readonly context: Pick<CallContext, "abort">;
  /** The request's list that the items are of. */
  readonly field: string;
}

/** Ends the call where items have errors that it did not ask to be told one by one. */
export function assertItems(items: readonly Item[], { request, context, field }: Asked): void {
  const error = request.allowItemErrors ? undefined : textError(items, field);
  if (error === undefined) return;
  // The job ends for this reason too, not because its events are no longer read.
  context.abort(error);
  throw error;
}

/** The first text's error, with every text that is wrong by its path, an index of `field`; undefined where none is. */
function textError(items: readonly Item[], field: string): ServeError | undefined {
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
