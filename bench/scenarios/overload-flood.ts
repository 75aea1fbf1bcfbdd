/** A load in equal parts by stock clients of several gRPC libraries at once. */
import { type Launch, startTimedCalls, type TimedClient } from "../lib/timed-calls.ts";
import { realClock } from "../load/clock.ts";
import { drive } from "../load/drive.ts";
import { messageBytes } from "../load/inferd.ts";
import type { StreamRequest, StreamTarget } from "../load/target.ts";

/** Times are in milliseconds from when the load began. */
export interface EndedCall {
  /** The gRPC library that made it. */
  readonly library: string;
  /** How late it was sent, which is its client's fault. */
  readonly lateMs: number;
  readonly endMs: number;
  readonly code: string;
  /** From the arrival of the attempt that was served to its first token, as the server says. */
  readonly firstTokenMs: number | undefined;
}

/** Calls at set times, ascending; or so many at a time, for so long. */
export type Load =
  | { readonly kind: "open"; readonly arrivalsMs: readonly number[] }
  | { readonly kind: "closed"; readonly streams: number; readonly durationMs: number };

export interface FloodOptions<T> {
  /** This process's own client. */
  readonly target: StreamTarget;
  /** Of the others, by library. */
  readonly launches: ReadonlyMap<string, Launch>;
  /** What the others are told, to be as the own one is. */
  readonly settings: {
    readonly address: string;
    readonly model: string;
    readonly temperature: number;
    readonly deadlineMs: number;
    readonly serviceConfig: string;
  };
  readonly load: Load;
  request(index: number): StreamRequest;
  /** Looks on from when the load begins; is told the client of each library. */
  observe(pids: Readonly<Record<string, number>>): Promise<T>;
}

export interface Flooded<T> {
  readonly calls: readonly EndedCall[];
  readonly observed: T;
  /** Of the libraries of the other clients. */
  readonly versions: Readonly<Record<string, string>>;
}

/** This process's own library. */
export const ownLibrary = "grpc-js";

/** Connects all clients, lets them begin together, and waits until every call has ended. */
export async function flood<T>(options: FloodOptions<T>): Promise<Flooded<T>> {
  const { launches, target } = options;
  const libraries = [ownLibrary, ...launches.keys()];
  const others = new Map<string, TimedClient>();
  const ofOthers = <V>(value: (client: TimedClient) => V): Readonly<Record<string, V>> =>
    Object.fromEntries([...others].map(([library, client]) => [library, value(client)]));
  try {
    for (const [library, launch] of launches) {
      const share = shareOf(libraries, library, options);
      others.set(library, await startOther(launch, share, options));
    }
    const pids = { [ownLibrary]: process.pid, ...ofOthers(({ pid }) => pid) };
    const [observed, ...calls] = await Promise.all([
      options.observe(pids),
      callOwn(target, shareOf(libraries, ownLibrary, options)),
      ...[...others].map(([library, client]) =>
        callOther(library, client, shareOf(libraries, library, options)),
      ),
    ]);
    return { calls: calls.flat(), observed, versions: ofOthers(({ version }) => version) };
  } finally {
    await Promise.all([...others.values()].map((client) => client.stop()));
  }
}

interface Planned {
  readonly atMs: number;
  readonly request: StreamRequest;
}

/** What one library does of a load. */
interface Share {
  readonly calls: readonly Planned[];
  /** Of a load that keeps so many calls open, for so long. */
  readonly closed?: { readonly streams: number; readonly durationMs: number };
}

/** More than any client completes: a closed load must not run out of calls. */
const mostPerSecond = 200;

/** Libraries take turns, so that together they are the one load that was asked for. */
function shareOf(
  libraries: readonly string[],
  library: string,
  { load, request }: Pick<FloodOptions<unknown>, "load" | "request">,
): Share {
  const place = libraries.indexOf(library);
  const isOwn = (index: number): boolean => index % libraries.length === place;
  if (load.kind === "open") {
    const calls = load.arrivalsMs.map((atMs, index) => ({ atMs, index }));
    const own = calls.filter(({ index }) => isOwn(index));
    return { calls: own.map(({ atMs, index }) => ({ atMs, request: request(index) })) };
  }
  const { streams, durationMs } = load;
  const calls = Array.from({ length: (durationMs / 1000) * mostPerSecond }, (_, index) => {
    return { atMs: 0, request: request(index * libraries.length + place) };
  });
  const own = Array.from({ length: streams }, (_, index) => index).filter(isOwn).length;
  return { calls, closed: { streams: own, durationMs } };
}

function startOther(
  launch: Launch,
  { calls, closed }: Share,
  { settings }: Pick<FloodOptions<unknown>, "settings">,
): Promise<TimedClient> {
  const planned = calls.map(({ atMs, request }) => {
    return { atMs, request: messageBytes(request, settings) };
  });
  const bounds = closed && { streams: closed.streams, untilMs: closed.durationMs };
  return startTimedCalls(launch, { ...settings, ...bounds, calls: planned });
}

async function callOther(
  library: string,
  client: TimedClient,
  { calls, closed }: Share,
): Promise<readonly EndedCall[]> {
  const told = await client.call();
  if (closed !== undefined && told.length === calls.length) {
    throw new Error(`${library} had too few calls for a load that is closed`);
  }
  return told.map(({ sentMs, endMs, code, firstTokenMs }, index) => {
    // Of a closed load, each is sent when it can be.
    const lateMs = closed === undefined ? sentMs - (calls[index]?.atMs ?? NaN) : 0;
    return { library, lateMs, endMs, code, firstTokenMs };
  });
}

async function callOwn(
  target: StreamTarget,
  { calls, closed }: Share,
): Promise<readonly EndedCall[]> {
  const load = closed
    ? ({ kind: "closed", streams: closed.streams } as const)
    : ({ kind: "open", arrivalsMs: calls.map(({ atMs }) => atMs) } as const);
  const { startMs, calls: ended } = await drive(target, {
    load,
    calls: calls.length,
    durationMs: closed?.durationMs ?? Infinity,
    request: (index) => requestAt(calls, index),
    clock: realClock,
  });
  return ended.map(({ intendedMs, sentMs, endMs, end }) => ({
    library: ownLibrary,
    lateMs: sentMs - intendedMs,
    endMs: endMs - startMs,
    code: end.code,
    firstTokenMs: end.firstTokenMs,
  }));
}

function requestAt(calls: readonly Planned[], index: number): StreamRequest {
  const planned = calls[index];
  if (planned === undefined) throw new Error("bug: a call that nobody planned");
  return planned.request;
}
