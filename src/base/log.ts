/**
 * Structured logs: pino behind four levels. Lines are given away at once, so that none is lost when the
 * process ends. A prompt, a key or a caller's path belongs in no field; a `Secret` hides itself. Only an `error`,
 * and what a worker or a native library says of one, may quote a path or a piece of a text.
 *
 * A line with `audit: true` says who did or was refused what. No level drops it: who may lower the level
 * must not hide by it what was done.
 */
import { type DestinationStream, type Logger, pino } from "pino";

export type LogFields = Readonly<Record<string, unknown>>;

/** Writes one line: the message is a fixed sentence, whatever varies is a field. */
export type WriteLine = (fields: LogFields, message: string) => void;

export interface Log {
  readonly debug: WriteLine;
  readonly info: WriteLine;
  readonly warn: WriteLine;
  readonly error: WriteLine;
  /** A log whose every line carries these fields too. */
  child(fields: LogFields): Log;
}

/** From the most to the least that is logged. */
const levels = ["debug", "info", "warn", "error", "silent"] as const;

export type LogLevel = (typeof levels)[number];

/** The log that others are children of: its level is theirs, also when it changes. */
export interface RootLog extends Log {
  /** Audit lines are written at any. */
  setLevel(level: LogLevel): void;
}

export interface LogOptions {
  readonly level: LogLevel;
  readonly format: "json" | "pretty";
  /** Undefined takes standard error. */
  readonly destination?: DestinationStream;
  /** Colours, for `pretty`. */
  readonly colors?: boolean;
}

export async function openLog(options: LogOptions): Promise<RootLog> {
  const destination = options.destination ?? standardError();
  const stream =
    options.format === "pretty" ? await prettyStream(destination, options) : destination;
  const settings = {
    // pino copies the level to each child, so that it could not change later: it is ours.
    level: "debug",
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    serializers: { error: pino.stdSerializers.errWithCause },
  };
  let least = levels.indexOf(options.level);
  const isLogged = (level: LogLevel): boolean => levels.indexOf(level) >= least;
  return {
    ...fromLogger(pino(settings, stream), isLogged),
    setLevel: (level) => {
      least = levels.indexOf(level);
    },
  };
}

/**
 * For commands that end soon: it waits where nobody reads. Loses what cannot be written, to a full disk or a
 * reader that is gone.
 */
function standardError(): DestinationStream {
  return pino.destination({ fd: 2, sync: true }).on("error", () => undefined);
}

/** Drops every line. */
export const silentLog: Log = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  child: () => silentLog,
};

function fromLogger(logger: Logger, isLogged: (level: LogLevel) => boolean): Log {
  const writer =
    (level: Exclude<LogLevel, "silent">): WriteLine =>
    (fields, message) => {
      if (isLogged(level) || fields["audit"] === true) logger[level](fields, message);
    };
  return {
    debug: writer("debug"),
    info: writer("info"),
    warn: writer("warn"),
    error: writer("error"),
    child: (fields) => fromLogger(logger.child(fields), isLogged),
  };
}

/** Lays lines out for a person. Imported only then: it costs a tenth of a server's start. */
async function prettyStream(
  destination: DestinationStream,
  options: LogOptions,
): Promise<DestinationStream> {
  const { prettyFactory } = await import("pino-pretty");
  const layOut = prettyFactory({
    colorize: options.colors ?? false,
    translateTime: "SYS:HH:MM:ss.l",
    errorLikeObjectKeys: ["error"],
    singleLine: true,
    // Fields stand in the message, as text; only an error is laid out below it.
    include: "level,time,error",
    messageFormat: (line) => `${String(line["msg"])}${fieldsAsText(line)}`,
  });
  return { write: (line) => destination.write(layOut(line)) };
}

const shownElsewhere = new Set(["level", "time", "msg", "error"]);

/** Such as ` model=inferd-demo tokens=64`; a digest is cut to what people compare. */
function fieldsAsText(line: LogFields): string {
  return Object.entries(line)
    .filter(([name, value]) => !shownElsewhere.has(name) && !isNothing(value))
    .map(([name, value]) => ` ${name}=${valueAsText(value)}`)
    .join("");
}

function isNothing(value: unknown): boolean {
  return value === null || value === "" || (Array.isArray(value) && value.length === 0);
}

function valueAsText(value: unknown): string {
  if (typeof value !== "string") return quoted(value);
  if (value.startsWith("sha256:")) return value.slice(0, "sha256:".length + 12);
  return /^[^\s"=\p{C}]+$/u.test(value) ? value : quoted(value);
}

/** Callers name users and labels: no control character of theirs reaches a terminal, and no mark that turns text round. */
function quoted(value: unknown): string {
  const escape = (unit: string): string => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
  return JSON.stringify(value).replace(/\p{C}/gu, (mark) => mark.split("").map(escape).join(""));
}
