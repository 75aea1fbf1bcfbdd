/** Errors that a worker's jobs and questions end with. */
import { type ErrorData, failures, ServeError } from "../base/errors.ts";

export function workerExited(): ServeError {
  return ServeError.of("WORKER_EXITED");
}

/** A user's engine may fail a job with anything; only reasons of the table go on. */
export function receivedError(data: ErrorData): ServeError {
  return Object.hasOwn(failures, data.reason)
    ? ServeError.fromData(data)
    : ServeError.from(new Error(`the engine failed with an unknown reason: ${data.message}`));
}
