import type { ClientHttp2Session } from "node:http2";
import { type Ending, ending, rawClient, rawRequest } from "../grpc/raw.ts";
import type { Case } from "./cases.ts";
import { itemErrors } from "./item-errors.ts";
import { faultsOf } from "./verdict.ts";
import { within } from "./within.ts";

/** Some of all that a seed makes. */
export interface Stretch {
  readonly seed: number;
  readonly first: number;
  readonly count: number;
}

/** Which calls to make: those with these indices of a seed's. */
export interface Calls extends Stretch {
  readonly make: (seed: number, index: number) => Case;
}

/** How often calls ended in which way, and how often a text of theirs failed alone. */
export type Ends = Map<string, number>;

// Far above what any of these calls takes, far below the server's own limit on a call's time.
const longestMs = 30_000;
/** Callers at a time, each with a connection of its own: a call that costs its connection costs no other. */
const atOnce = 32;

/** Makes calls, counts how they end, and gives what was wrong with it. */
export async function send(
  address: string,
  { make, seed, first, count }: Calls,
  ends: Ends,
): Promise<string[]> {
  const faults: string[] = [];
  let next = first;
  const caller = async (): Promise<void> => {
    let session = rawClient(address);
    while (next < first + count) {
      const index = next++;
      if (session.destroyed || session.closed) session = rawClient(address);
      const call = make(seed, index);
      const end = await within(longestMs, sendOne(session, call));
      if (end !== undefined) note(ends, call, end);
      // It may have cost its connection, of which only a round trip tells.
      if (end?.code === undefined) await within(longestMs, roundTrip(session));
      const found = end === undefined ? ["does not end"] : faultsOf(call, end);
      for (const fault of found) faults.push(`seed ${seed}, call ${index}, ${call.path}: ${fault}`);
    }
    session.destroy();
  };
  await Promise.all(Array.from({ length: atOnce }, caller));
  return faults;
}

/** Ends once the other side has answered, or the connection is over. */
const roundTrip = (session: ClientHttp2Session): Promise<void> =>
  new Promise((resolve) => {
    if (session.destroyed || session.closed || !session.ping(() => resolve())) resolve();
  });

function note(ends: Ends, { path }: Case, { code, details, body }: Ending): void {
  const items = itemErrors(path, body).map(({ reason }) => `item ${reason}`);
  const end = code === 0 ? "OK" : (details?.reason ?? "no status");
  for (const each of [end, ...items]) ends.set(each, (ends.get(each) ?? 0) + 1);
}

function sendOne(session: ClientHttp2Session, call: Case): Promise<Ending> {
  const stream = rawRequest(session, call.path, call.headers);
  const end = ending(stream);
  if (call.ends) stream.end(call.body);
  else stream.write(call.body);
  if (call.cancels) stream.close(8);
  return end.finally(() => stream.destroy());
}
