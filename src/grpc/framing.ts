/** The prefix of a message: a flag and its length. */
export const prefixBytes = 5;

/** Follows the messages of one request in its bytes, without keeping them. */
export class Framing {
  readonly #prefix = Buffer.alloc(prefixBytes);
  /** Bytes of the message that has begun, its prefix included; 0 between messages. */
  #seen = 0;

  /** How many bytes of an unfinished message there are after these. */
  push(chunk: Uint8Array): number {
    let at = 0;
    while (at < chunk.length) {
      if (this.#seen < prefixBytes) {
        this.#prefix[this.#seen] = chunk[at] ?? 0;
        this.#seen += 1;
        at += 1;
      } else {
        const taken = Math.min(this.#left(), chunk.length - at);
        this.#seen += taken;
        at += taken;
      }
      if (this.#seen >= prefixBytes && this.#left() === 0) this.#seen = 0;
    }
    return this.#seen;
  }

  #left(): number {
    return prefixBytes + this.#prefix.readUInt32BE(1) - this.#seen;
  }
}
