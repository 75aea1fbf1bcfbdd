/** Frames of the engine protocol (docs/engine-protocol.md) as bytes: two lengths, a head in JSON, a binary body. */

export interface Frame {
  readonly head: Head;
  readonly body: Buffer;
}

/** Whatever the other side says; each field is checked where it is read. */
export interface Head {
  readonly type: string;
  readonly [field: string]: unknown;
}

/** The other side does not speak the protocol: nothing that follows can be read. */
export class FrameError extends Error {}

/** In bytes. */
export const longestHead = 16 * 1024 * 1024;
const longestBody = 256 * 1024 * 1024;
const lengths = 8;
const noBody = Buffer.alloc(0);

/** A frame as it is written. Throws a FrameError where it is longer than the protocol allows. */
export function encodeFrame(head: Head, body: Buffer = noBody): readonly Buffer[] {
  const text = JSON.stringify(head);
  const headLength = Buffer.byteLength(text);
  assertLengths(headLength, body.length);
  const start = Buffer.allocUnsafe(lengths + headLength);
  start.writeUInt32LE(headLength, 0);
  start.writeUInt32LE(body.length, 4);
  start.write(text, lengths);
  return body.length === 0 ? [start] : [start, body];
}

/** Reads frames from chunks, which it puts together only where a frame lies in several. */
export class FrameReader {
  #chunks: Buffer[] = [];
  #held = 0;
  /** As many bytes are needed for anything to be read. */
  #needed = lengths;

  /** Gives the frames that are complete with this chunk. Throws a FrameError. */
  push(chunk: Buffer): readonly Frame[] {
    this.#chunks.push(chunk);
    this.#held += chunk.length;
    if (this.#held < this.#needed) return [];
    const bytes = this.#chunks.length === 1 ? chunk : Buffer.concat(this.#chunks, this.#held);
    const frames: Frame[] = [];
    let at = 0;
    for (;;) {
      this.#needed = lengthAt(bytes, at);
      if (bytes.length - at < this.#needed) break;
      frames.push(frameAt(bytes, at));
      at += this.#needed;
    }
    this.#held = bytes.length - at;
    this.#chunks = this.#held === 0 ? [] : [bytes.subarray(at)];
    return frames;
  }
}

/** How many bytes the frame has that begins there; those of its lengths where they are not all there. */
function lengthAt(bytes: Buffer, at: number): number {
  if (bytes.length - at < lengths) return lengths;
  const head = bytes.readUInt32LE(at);
  const body = bytes.readUInt32LE(at + 4);
  assertLengths(head, body);
  return lengths + head + body;
}

function frameAt(bytes: Buffer, at: number): Frame {
  const headAt = at + lengths;
  const bodyAt = headAt + bytes.readUInt32LE(at);
  const body = bytes.subarray(bodyAt, bodyAt + bytes.readUInt32LE(at + 4));
  return { head: headOf(bytes.toString("utf8", headAt, bodyAt)), body };
}

function headOf(text: string): Head {
  let head: unknown;
  try {
    head = JSON.parse(text);
  } catch {
    throw new FrameError("a frame's head is not JSON");
  }
  if (isHead(head)) return head;
  throw new FrameError("a frame's head is not an object with a type");
}

const isHead = (value: unknown): value is Head =>
  typeof value === "object" && value !== null && "type" in value && typeof value.type === "string";

function assertLengths(head: number, body: number): void {
  if (head > longestHead || body > longestBody) {
    throw new FrameError(`a frame of ${head} and ${body} bytes is longer than the protocol allows`);
  }
}
