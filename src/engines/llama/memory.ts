/** A model's measures that decide how much KV memory a token takes. */
export interface ModelShape {
  readonly layers: number;
  readonly embedding: number;
  readonly heads: number;
  /** Zero where the model's layers differ, so that one number cannot say it. */
  readonly keyValueHeads: number;
  /** Dimensions of a head's keys and values; undefined takes an even share of the embedding. */
  readonly keyLength: number | undefined;
  readonly valueLength: number | undefined;
  /** The most tokens that it was trained on; zero where it does not say. */
  readonly trainedContext: number;
}

/** What the manifest asks for, and what there is. */
export interface MemoryWishes {
  readonly contextLength: number | undefined;
  /** At most: each takes the memory of a whole context, so there may be fewer. */
  readonly sequences: number;
  readonly kvCells: number | undefined;
  /** Whether the sequences share the cells; else each has a whole context of its own. */
  readonly unified: boolean;
  /** What the KV memory may take where nobody says how many cells it has. */
  readonly bytes: number;
}

export interface MemoryPlan {
  readonly contextLength: number;
  /** The context that the model was trained with, where nobody asked for less and memory cut it. */
  readonly cutFrom: number | undefined;
  /** Whether the sequences share the cells. */
  readonly unified: boolean;
  /** How many there are: as many as was asked for, or fewer where their contexts would not fit. */
  readonly sequences: number;
  /** Of all sequences; at least one whole context. */
  readonly cells: number;
  readonly bytes: number;
}

/** What the KV memory takes unasked, at least. */
const leastBytes = 1 << 30;
/** Of the machine's memory, or of the container's: what one model's KV memory takes unasked, and its prefixes at most. */
const memoryPart = 1 / 8;
/** A context that nobody asked for is no longer than this, unless longer ones fit every sequence. */
const plainContext = 8_192;
/** A context that nobody asked for is cut to give this many sequences one. */
const plainSequences = 4;
/** But not below this. */
const leastContext = 4_096;
/** The cells that sequences share unasked, at most: eight contexts of 2,048. */
const sharedCells = 16_384;
/** The library rounds up to this. */
const grain = 256;

/** What a model's KV memory may take unasked, on a machine with so many bytes of memory. */
export function kvBytesOf(memoryBytes: number): number {
  return Math.max(leastBytes, Math.floor(memoryBytes * memoryPart));
}

/** What prefixes may take in host memory unasked: as many as fill every slot twice, within what a model may have. */
export function prefixBytesOf({ bytes }: Pick<MemoryPlan, "bytes">, memoryBytes: number): number {
  return Math.min(2 * bytes, Math.floor(memoryBytes * memoryPart));
}

/**
 * Decides the context length, the sequences and the KV cells. Each sequence has a whole context of its own: with
 * shared cells each token's attention passes over those of all others, the remembered ones too (measured: a
 * server that remembers 8,000 tokens takes 1.4 times as long for a step). So where memory is short there are
 * fewer sequences, and the manifest may have them share instead.
 */
export function planMemory(shape: ModelShape, wishes: MemoryWishes): MemoryPlan {
  const cellBytes = bytesOfCell(shape);
  const affordable = wishes.kvCells ?? Math.floor(wishes.bytes / cellBytes);
  const trained = shape.trainedContext > 0 ? shape.trainedContext : leastContext;
  const plan = wishes.unified
    ? sharedPool(trained, affordable, wishes)
    : ownContexts(trained, affordable, wishes);
  const isCut = wishes.contextLength === undefined && plan.contextLength < trained;
  const cutFrom = isCut ? trained : undefined;
  return { ...plan, unified: wishes.unified, cutFrom, bytes: plan.cells * cellBytes };
}

type Sizes = Pick<MemoryPlan, "contextLength" | "sequences" | "cells">;

function ownContexts(trained: number, affordable: number, wishes: MemoryWishes): Sizes {
  const { sequences: most } = wishes;
  const fitting = (context: number): number =>
    Math.max(1, Math.min(most, Math.floor(affordable / roundUp(context))));
  const sized = (context: number): Sizes => {
    const sequences = fitting(context);
    return { contextLength: context, sequences, cells: sequences * roundUp(context) };
  };
  if (wishes.contextLength !== undefined) return sized(Math.min(trained, wishes.contextLength));
  const plain = Math.min(trained, plainContext);
  // So many cells there are for each of some sequences, in whole blocks.
  const even = (sequences: number): number => Math.floor(affordable / sequences / grain) * grain;
  if (fitting(plain) === most) return sized(Math.min(trained, Math.max(plain, even(most))));
  if (fitting(plain) >= plainSequences) return sized(plain);
  // Cells that somebody counted are not exceeded for the sake of a context that nobody asked for.
  const least = wishes.kvCells === undefined ? leastContext : Math.min(leastContext, even(1));
  return sized(Math.min(plain, Math.max(grain, least, even(Math.min(most, plainSequences)))));
}

function sharedPool(trained: number, affordable: number, wishes: MemoryWishes): Sizes {
  const { sequences, kvCells } = wishes;
  const contextLength = Math.min(
    trained,
    wishes.contextLength ?? Math.max(leastContext, affordable),
  );
  const wanted = Math.min(contextLength * sequences, sharedCells, affordable);
  const cells = roundUp(Math.max(contextLength, kvCells ?? wanted));
  return { contextLength, sequences, cells };
}

function roundUp(cells: number): number {
  return Math.ceil(cells / grain) * grain;
}

/** Bytes of one token's keys and values as 16-bit floats, at most: some layers may keep none. */
export function bytesOfCell(shape: ModelShape): number {
  const { layers, embedding, heads, keyValueHeads } = shape;
  const even = heads > 0 ? embedding / heads : embedding;
  const width = (shape.keyLength ?? even) + (shape.valueLength ?? even);
  const sharing = keyValueHeads > 0 ? keyValueHeads : Math.max(1, heads);
  return Math.max(1, layers * sharing * width * 2);
}
