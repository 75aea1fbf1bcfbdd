/** Connections of raw frames, each made from a seed and an index alone. */
import { type Frame, http2Frame, openWire, pong, types, type Wire } from "../grpc/frames.ts";
import type { Ends, Stretch } from "./callers.ts";
import { connectionMoves } from "./connection-moves.ts";
import { damage } from "./damage.ts";
import { begin } from "./frame-parts.ts";
import type { Move } from "./move.ts";
import { within } from "./within.ts";
import { Random } from "./random.ts";
import { streamMoves } from "./stream-moves.ts";

const moves = [...connectionMoves, ...streamMoves];

interface WireCase {
  readonly name: string;
  readonly bytes: Buffer;
  readonly fate: Move["fate"];
}

/** Some right frames, then a wrong move; one in five has bytes of it changed as well. */
function wireCaseOf(seed: number, index: number): WireCase {
  const random = new Random(seed, index);
  const before = Array.from({ length: random.below(4) }, (_, at) => rightFrame(random, 2 * at + 1));
  const move = random.pick(moves);
  const made = Buffer.concat(move.make(random, 2 * before.length + 1));
  const isDamaged = random.chance(0.2);
  return {
    name: `${move.name}${isDamaged ? ", damaged" : ""}`,
    bytes: Buffer.concat([...before, isDamaged ? damage(made, random) : made]),
    fate: isDamaged ? "any" : move.fate,
  };
}

function rightFrame(random: Random, stream: number): Buffer {
  const others: readonly Frame[] = [
    { type: types.ping, payload: Buffer.alloc(8) },
    { type: types.settings },
  ];
  return random.chance(0.6) ? begin(stream) : http2Frame(random.pick(others));
}

const longestMs = 30_000;
const atOnce = 16;

/** Opens connections and does its worst on each; gives what was wrong with what became of them. */
export async function sendWires(
  address: string,
  { seed, first, count }: Stretch,
  ends: Ends,
): Promise<string[]> {
  const faults: string[] = [];
  let next = first;
  const caller = async (): Promise<void> => {
    while (next < first + count) {
      const index = next++;
      const { name, bytes, fate } = wireCaseOf(seed, index);
      const wire = await openWire(address);
      wire.socket.write(bytes);
      const fault = await within(longestMs, fateFault(wire, fate));
      const end = endOf(wire);
      ends.set(end, (ends.get(end) ?? 0) + 1);
      wire.socket.resetAndDestroy();
      if (fault !== "")
        faults.push(`seed ${seed}, connection ${index}, ${name}: ${fault ?? "hangs"}`);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, caller));
  return faults;
}

function endOf({ heard, socket }: Wire): string {
  if (!socket.destroyed) return "answers";
  return heard.goaways.some((code) => code !== 0) ? "closed with GOAWAY and a code" : "closed";
}

/** What is wrong with what became of a connection; empty where nothing is. */
async function fateFault(wire: Wire, fate: Move["fate"]): Promise<string> {
  switch (fate) {
    case "closes":
      await wire.closed;
      return "";
    case "lives":
      await pong(wire);
      return wire.socket.destroyed ? "is closed" : "";
    case "any":
      // What was sent can end in the middle of a frame: then only its end says that no more comes.
      wire.socket.end();
      await wire.closed;
      return "";
  }
}
