/** Properties of a model that decide how much KV memory a token takes. */
export interface ModelShape {
  readonly layers: number;
  readonly embedding: number;
  readonly heads: number;
  /** Zero if the layers differ, so that one number cannot describe them. */
  readonly keyValueHeads: number;
  /** Dimensions of a head's keys and values. Undefined means an even share of the embedding. */
  readonly keyLength: number | undefined;
  readonly valueLength: number | undefined;
  /** Maximum context in training; zero if the model does not state it. */
  readonly trainedContext: number;
}

/** Requests of the manifest, and available memory. */
export interface MemoryWishes {
  readonly contextLength: number | undefined;
  /** Maximum: each takes the memory of a whole context, so there may be fewer. */
  readonly sequences: number;
  readonly kvCells: number | undefined;
  /** Whether the sequences share the cells; otherwise each has a whole context. */
  readonly unified: boolean;
  /** Limit of KV memory if the number of cells is not configured. */
  readonly bytes: number;
}

export interface MemoryPlan {
  readonly contextLength: number;
  /** The context of training, if memory reduced it without a configured limit. */
  readonly cutFrom: number | undefined;
  /** Whether the sequences share the cells. */
  readonly unified: boolean;
  /** Number of sequences: as requested, or fewer if their contexts would not fit. */
  readonly sequences: number;
  /** Of all sequences; at least one whole context. */
  readonly cells: number;
  readonly bytes: number;
}

/** Minimum default of KV memory. */
const leastBytes = 1 << 30;
/**
 * Shares of the memory of the machine or container: the default of a model's KV memory, and the maximum of its
 * prefixes.
 */
const memoryPart = 1 / 8;
/** Maximum default context, unless longer ones fit every sequence. */
const plainContext = 8_192;
/** A default context is reduced to give this many sequences one. */
const plainSequences = 4;
/** But not below this. */
const leastContext = 4_096;
/** Maximum default of shared cells: eight contexts of 2,048. */
const sharedCells = 16_384;
/** The library rounds up to this. */
const grain = 256;

/** Default limit of a model's KV memory, on a machine with this much memory. */
export function kvBytesOf(memoryBytes: number): number {
  return Math.max(leastBytes, Math.floor(memoryBytes * memoryPart));
}

/** Default host memory of prefixes: enough to fill every slot twice, within the limit of a model. */
export function prefixBytesOf({ bytes }: Pick<MemoryPlan, "bytes">, memoryBytes: number): number {
  return Math.min(2 * bytes, Math.floor(memoryBytes * memoryPart));
}

/**
 * Decides the context length, the sequences and the KV cells. Each sequence has a whole context of its own. With shared
 * cells, each token's attention scans the cells of all sequences, the cached ones too (measured: with 8,000 cached
 * tokens, a step takes 1.4 times as long). So if memory is short, there are fewer sequences, and the manifest can make
 * them share instead.
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
  // Cells available for each of a number of sequences, in whole blocks.
  const even = (sequences: number): number => Math.floor(affordable / sequences / grain) * grain;
  if (fitting(plain) === most) return sized(Math.min(trained, Math.max(plain, even(most))));
  if (fitting(plain) >= plainSequences) return sized(plain);
  // A configured number of cells is not exceeded for a default context.
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

/** Maximum bytes of one token's keys and values as 16-bit floats: some layers may keep none. */
export function bytesOfCell(shape: ModelShape): number {
  const { layers, embedding, heads, keyValueHeads } = shape;
  const even = heads > 0 ? embedding / heads : embedding;
  const width = (shape.keyLength ?? even) + (shape.valueLength ?? even);
  const sharing = keyValueHeads > 0 ? keyValueHeads : Math.max(1, heads);
  return Math.max(1, layers * sharing * width * 2);
}
