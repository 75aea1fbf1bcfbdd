/** A load at set times, in equal parts by stock clients of several gRPC libraries at once. */
import { type Launch, startTimedCalls, type TimedClient } from "../lib/timed-calls.ts";
import { realClock } from "../load/clock.ts";
import { type Drive, drive } from "../load/drive.ts";
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
  /** When calls begin, ascending; all of them. */
  readonly arrivalsMs: readonly number[];
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
      const part = partOf(libraries, library, options);
      others.set(library, await startOther(launch, part, options));
    }
    const pids = { [ownLibrary]: process.pid, ...ofOthers(({ pid }) => pid) };
    const [observed, ...calls] = await Promise.all([
      options.observe(pids),
      callOwn(target, partOf(libraries, ownLibrary, options)),
      ...[...others].map(([library, client]) =>
        callOther(library, client, partOf(libraries, library, options)),
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

/** Libraries take turns, so that together they are the one load that was asked for. */
function partOf(
  libraries: readonly string[],
  library: string,
  { arrivalsMs, request }: Pick<FloodOptions<unknown>, "arrivalsMs" | "request">,
): readonly Planned[] {
  return arrivalsMs.flatMap((atMs, index) =>
    libraries[index % libraries.length] === library ? [{ atMs, request: request(index) }] : [],
  );
}

function startOther(
  launch: Launch,
  part: readonly Planned[],
  { settings }: Pick<FloodOptions<unknown>, "settings">,
): Promise<TimedClient> {
  const calls = part.map(({ atMs, request }) => {
    return { atMs, request: messageBytes(request, settings) };
  });
  return startTimedCalls(launch, { ...settings, calls });
}

async function callOther(
  library: string,
  client: TimedClient,
  part: readonly Planned[],
): Promise<readonly EndedCall[]> {
  const told = await client.call();
  return told.map(({ sentMs, endMs, code, firstTokenMs }, index) => {
    return { library, lateMs: sentMs - (part[index]?.atMs ?? NaN), endMs, code, firstTokenMs };
  });
}

async function callOwn(
  target: StreamTarget,
  part: readonly Planned[],
): Promise<readonly EndedCall[]> {
  const driven = await drive(target, {
    load: { kind: "open", arrivalsMs: part.map(({ atMs }) => atMs) },
    calls: part.length,
    durationMs: Infinity,
    request: (index) => requestAt(part, index),
    clock: realClock,
  });
  return endedCalls(driven);
}

function requestAt(part: readonly Planned[], index: number): StreamRequest {
  const planned = part[index];
  if (planned === undefined) throw new Error("bug: a call that nobody planned");
  return planned.request;
}

/** Of a load that this process put on by itself. */
export function endedCalls({ startMs, calls }: Drive): readonly EndedCall[] {
  return calls.map(({ intendedMs, sentMs, endMs, end }) => ({
    library: ownLibrary,
    lateMs: sentMs - intendedMs,
    endMs: endMs - startMs,
    code: end.code,
    firstTokenMs: end.firstTokenMs,
  }));
}
