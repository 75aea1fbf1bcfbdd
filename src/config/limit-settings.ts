/** The settings that bound what calls may ask, hold and wait for. Part of the one table in `settings.ts`. */
import type { Setting } from "./setting.ts";
import { oneOf, wholeNumber } from "./values.ts";

const day = 86_400_000;
const max = 1_000_000;

export const limitSettings = {
  maxMessageBytes: {
    group: "Limits",
    default: 8 * 1024 * 1024,
    read: wholeNumber(1024, 1024 * 1024 * 1024),
    value: "n",
    help: "Largest request in bytes; past it, calls fail with RESOURCE_EXHAUSTED.",
  },
  maxArrivingBytes: {
    group: "Limits",
    default: 256 * 1024 * 1024,
    read: wholeNumber(1024, 1024 * 1024 * 1024 * 1024),
    value: "n",
    help: "Bytes of all requests that are not whole yet, at least one of the largest; past it, the largest of the connection with most of them fails with RESOURCE_EXHAUSTED.",
  },
  maxConnectionArrivingBytes: {
    group: "Limits",
    default: 64 * 1024 * 1024,
    read: wholeNumber(1024, 1024 * 1024 * 1024 * 1024),
    value: "n",
    help: "Bytes of the requests of one connection that are not whole yet, counted and refused likewise.",
  },
  maxArrivalMs: {
    group: "Limits",
    default: 60_000,
    read: wholeNumber(100, day),
    value: "ms",
    help: "Milliseconds that a request may take to arrive, from its headers to its end, as this server reads it: what keeps it busy counts too. Past it, the call fails with DEADLINE_EXCEEDED.",
  },
  maxInputs: {
    group: "Limits",
    default: 4096,
    read: wholeNumber(1, max),
    value: "n",
    help: "Most texts in one embedding call; past it, calls fail with INVALID_ARGUMENT.",
  },
  maxTokens: {
    group: "Limits",
    default: 16_384,
    read: wholeNumber(1, max),
    value: "n",
    help: "Most tokens of one completion; a call that asks for more gets at most so many, and the finish reason LENGTH.",
  },
  maxPromptTokens: {
    group: "Limits",
    default: 131_072,
    read: wholeNumber(1, max),
    value: "n",
    help: "Most tokens of one prompt, whatever the model's context; past it, calls fail with INVALID_ARGUMENT, or their text is cut where they ask for it.",
  },
  maxStops: {
    group: "Limits",
    default: 16,
    read: wholeNumber(0, 1024),
    value: "n",
    help: "Most stop sequences of one generation call; past it, calls fail with INVALID_ARGUMENT.",
  },
  maxStopBytes: {
    group: "Limits",
    default: 256,
    read: wholeNumber(1, 65_536),
    value: "n",
    help: "Most bytes of one stop sequence; past it, calls fail with INVALID_ARGUMENT.",
  },
  maxLogitBias: {
    group: "Limits",
    default: 1024,
    read: wholeNumber(0, max),
    value: "n",
    help: "Most entries of logit_bias; past it, calls fail with INVALID_ARGUMENT.",
  },
  maxQueuedJobs: {
    group: "Limits",
    default: 256,
    read: wholeNumber(0, max),
    value: "n",
    help: "Jobs that may wait for one model; past it, calls fail with RESOURCE_EXHAUSTED.",
  },
  maxQueuedTokens: {
    group: "Limits",
    default: 4 * 1024 * 1024,
    read: wholeNumber(0, 1000 * max),
    value: "n",
    help: "Tokens of the jobs that may wait for one model: a byte of text counts as one, and what a call may generate in full.",
  },
  maxQueuedJobsTotal: {
    group: "Limits",
    default: 1024,
    read: wholeNumber(0, max),
    value: "n",
    help: "Jobs that may wait in the whole server; past it, calls fail with RESOURCE_EXHAUSTED.",
  },
  maxQueuedTokensTotal: {
    group: "Limits",
    default: 16 * 1024 * 1024,
    read: wholeNumber(0, 1000 * max),
    value: "n",
    help: "Tokens of the jobs that may wait in the whole server, counted as for one model.",
  },
  refuseLate: {
    group: "Limits",
    default: "on",
    read: oneOf("on", "off"),
    value: "on|off",
    help: "Refuses a call at once, with DEADLINE_EXCEEDED, where its deadline would pass before its end. off lets it wait.",
  },
  waitForModel: {
    group: "Limits",
    default: "off",
    read: oneOf("on", "off"),
    value: "on|off",
    help: "Whether a call that does not say waits, up to its deadline, for a model that is loading; off fails it with UNAVAILABLE. As many may wait as --max-queued-jobs and its like let.",
  },
  maxCallMs: {
    group: "Limits",
    default: 600_000,
    read: wholeNumber(1, day),
    value: "ms",
    help: "Milliseconds that a call may take, queue included; past it, calls fail with DEADLINE_EXCEEDED.",
  },
  stallMs: {
    group: "Limits",
    default: 60_000,
    read: wholeNumber(100, day),
    value: "ms",
    help: "Milliseconds that a stream's caller may read nothing of what there is to read; past it, the stream fails with DEADLINE_EXCEEDED.",
  },
  maxStepMs: {
    group: "Limits",
    default: 60_000,
    read: wholeNumber(100, day),
    value: "ms",
    help: "Milliseconds that one step of a model may take; past it, its worker is taken to hang, and is replaced.",
  },
  maxLoadStallMs: {
    group: "Limits",
    default: 600_000,
    read: wholeNumber(100, day),
    value: "ms",
    help: "Milliseconds that loading a model may go on without getting further; past it, its worker is replaced.",
  },
} as const satisfies Record<string, Setting>;
