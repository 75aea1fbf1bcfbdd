/**
 * Structured logs: pino with four levels. Lines are written at once, so that none is lost when the process ends. No
 * field may hold a prompt, a key or a client's path; a `Secret` hides itself. Only `error`, and what a worker or a
 * native library reports, may quote a path or a piece of a text.
 *
 * A line with `audit: true` records who did what, or who was rejected. No level drops it: permission to lower the level
 * must not be a way to hide actions.
 */
import { type DestinationStream, type Logger, pino } from "pino";

export type LogFields = Readonly<Record<string, unknown>>;

/** Writes one line. The message is a fixed sentence; everything that varies is a field. */
type WriteLine = (fields: LogFields, message: string) => void;

export interface Log {
  readonly debug: WriteLine;
  readonly info: WriteLine;
  readonly warn: WriteLine;
  readonly error: WriteLine;
  /** A log whose lines all have these fields too. */
  child(fields: LogFields): Log;
}

/** From the lowest to the highest. */
const levels = ["debug", "info", "warn", "error", "silent"] as const;

type LogLevel = (typeof levels)[number];

/** The parent of all other logs. Its level applies to them, also after a change. */
export interface RootLog extends Log {
  /** Audit lines are written at every level. */
  setLevel(level: LogLevel): void;
}

export interface LogOptions {
  readonly level: LogLevel;
  readonly format: "json" | "pretty";
  /** Default: standard error. */
  readonly destination?: DestinationStream;
  /** Colours, for `pretty`. */
  readonly colors?: boolean;
}

export async function openLog(options: LogOptions): Promise<RootLog> {
  const destination = options.destination ?? standardError();
  const stream =
    options.format === "pretty" ? await prettyStream(destination, options) : destination;
  const settings = {
    // pino copies the level to each child, so it could not change later. So this module filters.
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
 * For short commands. It blocks while the reader does not read, and drops lines that cannot be written to a full disk
 * or a closed pipe.
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

/** Formats lines for a terminal. Imported only if needed: it costs a tenth of a server's start. */
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
    // Fields are part of the message text; only an error is printed below it.
    include: "level,time,error",
    messageFormat: (line) => `${String(line["msg"])}${fieldsAsText(line)}`,
  });
  return { write: (line) => destination.write(layOut(line)) };
}

const shownElsewhere = new Set(["level", "time", "msg", "error"]);

/** Such as ` model=inferd-demo tokens=64`. A digest is cut to its first digits. */
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

/** Clients choose users and labels. Their control characters and text direction marks must not reach a terminal. */
function quoted(value: unknown): string {
  const escape = (unit: string): string => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
  return JSON.stringify(value).replace(/\p{C}/gu, (mark) => mark.split("").map(escape).join(""));
}
