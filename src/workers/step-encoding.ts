/**
 * A step's events as they cross between processes. Structured clone writes the names of each object's properties, so
 * a piece that is nothing but text crosses as its text, after its job's id: measured for 20 of them, that takes a third of
 * the time on both sides.
 */
import type { FromWorker, WorkerEvent } from "./messages.ts";

type Step = Extract<FromWorker, { readonly kind: "step" }>;

/** Ids and events in turn. */
type Encoded = readonly (number | string | WorkerEvent)[];

/** What a worker's process sends: the same messages, but for the events of steps. */
export type EncodedFromWorker =
  Exclude<FromWorker, Step> | (Omit<Step, "events"> & { readonly events: Encoded });

export function encodeSteps(message: FromWorker): EncodedFromWorker {
  if (message.kind !== "step") return message;
  const events: (number | string | WorkerEvent)[] = [];
  for (const { id, event } of message.events) events.push(id, encoded(event));
  return { ...message, events };
}

export function decodeSteps(message: EncodedFromWorker): FromWorker {
  if (message.kind !== "step") return message;
  const { events } = message;
  const decoded: { id: number; event: WorkerEvent }[] = [];
  for (let at = 0; at < events.length; at += 2) {
    decoded.push({ id: Number(events[at]), event: eventOf(events[at + 1]) });
  }
  return { ...message, events: decoded };
}

function encoded(event: WorkerEvent): string | WorkerEvent {
  return event.kind === "piece" && event.tokenIds === undefined ? event.text : event;
}

function eventOf(value: Encoded[number] | undefined): WorkerEvent {
  if (typeof value === "string") return { kind: "piece", text: value };
  if (typeof value === "object") return value;
  throw new Error("bug: a step's events do not follow their ids");
}
