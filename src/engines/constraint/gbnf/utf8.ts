/** Characters that come byte by byte: a token can end within one. */

/** The beginning of a character. */
export interface Partial {
  /** Its bits so far. */
  readonly bits: number;
  /** Bytes that are still to come. */
  readonly missing: number;
  /** The least character of its length: a smaller one has a shorter form, the only valid one. */
  readonly least: number;
}

/** Undefined for a byte that begins no character, or is a whole one. */
export function beginning(byte: number): Partial | undefined {
  if (byte >= 0xc2 && byte < 0xe0) return { bits: byte & 0x1f, missing: 1, least: 0x80 };
  if (byte >= 0xe0 && byte < 0xf0) return { bits: byte & 0x0f, missing: 2, least: 0x800 };
  if (byte >= 0xf0 && byte < 0xf5) return { bits: byte & 0x07, missing: 3, least: 0x1_0000 };
  return undefined;
}

/** Undefined for a byte that continues none. */
export function continued({ bits, missing, least }: Partial, byte: number): Partial | undefined {
  if ((byte & 0xc0) !== 0x80) return undefined;
  return { bits: (bits << 6) | (byte & 0x3f), missing: missing - 1, least };
}

/** The characters that it may become. */
export function rangeOf({ bits, missing, least }: Partial): readonly [low: number, high: number] {
  const low = bits << (missing * 6);
  return [Math.max(low, least), low + (1 << (missing * 6)) - 1];
}
