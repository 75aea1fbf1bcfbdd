/** A load in equal parts by stock clients of several gRPC libraries at once. */
import { type Launch, startTimedCalls, type TimedClient } from "../lib/timed-calls.ts";
import { realClock } from "../load/clock.ts";
import { drive, type Load } from "../load/drive.ts";
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
  /** No call begins after this long. */
  readonly durationMs: number;
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
const ownLibrary = "grpc-js";

/** Connects all clients, lets them begin together, and waits until every call has ended. */
export async function flood<T>(options: FloodOptions<T>): Promise<Flooded<T>> {
  const { launches, target } = options;
  const libraries = [ownLibrary, ...launches.keys()];
  const shares = sharesOf(libraries, options);
  const shareOf = (library: string): Share => shares.get(library) ?? bug(`no share of ${library}`);
  const others = new Map<string, TimedClient>();
  const ofOthers = <V>(value: (client: TimedClient) => V): Readonly<Record<string, V>> =>
    Object.fromEntries([...others].map(([library, client]) => [library, value(client)]));
  try {
    for (const [library, launch] of launches) {
      others.set(library, await startOther(launch, shareOf(library), options));
    }
    const pids = { [ownLibrary]: process.pid, ...ofOthers(({ pid }) => pid) };
    const [observed, ...calls] = await Promise.all([
      options.observe(pids),
      callOwn(target, shareOf(ownLibrary), options),
      ...[...others].map(([library, client]) => callOther(library, client, shareOf(library))),
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
  readonly load: Load;
}

/** More than any client completes: a closed load must not run out of calls. */
const mostPerSecond = 200;

/** Libraries take turns, so that together they are the one load that was asked for. */
function sharesOf(
  libraries: readonly string[],
  { load, durationMs, request }: Pick<FloodOptions<unknown>, "load" | "durationMs" | "request">,
): ReadonlyMap<string, Share> {
  const count = libraries.length;
  const atMs =
    load.kind === "open"
      ? before(durationMs, load.arrivalsMs)
      : Array.from({ length: (durationMs / 1000) * mostPerSecond * count }, () => 0);
  const all = atMs.map((at, index) => ({ atMs: at, request: request(index) }));
  const shareAt = (place: number): Share => {
    const calls = all.filter((_, index) => index % count === place);
    return { calls, load: loadAt(place, calls) };
  };
  const loadAt = (place: number, calls: readonly Planned[]): Load =>
    load.kind === "open"
      ? { kind: "open", arrivalsMs: calls.map((call) => call.atMs) }
      : { kind: "closed", streams: Math.ceil((load.streams - place) / count) };
  return new Map(libraries.map((library, place) => [library, shareAt(place)]));
}

function before(endMs: number, timesMs: Iterable<number>): readonly number[] {
  const all: number[] = [];
  for (const atMs of timesMs) {
    if (atMs >= endMs) break;
    all.push(atMs);
  }
  return all;
}

function startOther(
  launch: Launch,
  { calls, load }: Share,
  { settings, durationMs }: Pick<FloodOptions<unknown>, "settings" | "durationMs">,
): Promise<TimedClient> {
  const planned = calls.map(({ atMs, request }) => {
    return { atMs, request: messageBytes(request, settings) };
  });
  const bounds = load.kind === "closed" && { streams: load.streams, untilMs: durationMs };
  return startTimedCalls(launch, { ...settings, ...bounds, calls: planned });
}

async function callOther(
  library: string,
  client: TimedClient,
  { calls, load }: Share,
): Promise<readonly EndedCall[]> {
  const told = await client.call();
  const isClosed = load.kind === "closed";
  if (isClosed && told.length === calls.length) bug(`too few calls for ${library}`);
  return told.map(({ sentMs, endMs, code, firstTokenMs }, index) => {
    // Of a closed load, each is sent when it can be.
    const lateMs = isClosed ? 0 : sentMs - (calls[index]?.atMs ?? NaN);
    return { library, lateMs, endMs, code, firstTokenMs };
  });
}

async function callOwn(
  target: StreamTarget,
  { calls, load }: Share,
  { durationMs }: Pick<FloodOptions<unknown>, "durationMs">,
): Promise<readonly EndedCall[]> {
  const { startMs, calls: ended } = await drive(target, {
    load,
    calls: Infinity,
    durationMs,
    request: (index) => calls[index]?.request ?? bug("too few calls for this process"),
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

function bug(what: string): never {
  throw new Error(`bug: ${what}`);
}
