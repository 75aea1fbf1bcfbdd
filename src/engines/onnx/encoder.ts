/** Computes one batch of tokenized texts: pads, runs the graph, pools. */
import { Tensor } from "onnxruntime-node";
import type { InferenceSession } from "onnxruntime-node";
import type { EncodedText } from "../texts/unread.ts";
import type { Layer } from "./layers.ts";
import type { TokenRows } from "./pooling.ts";
import type { GraphInput, GraphPorts, InputName } from "./ports.ts";
import { halfValue } from "./safetensors.ts";

export interface EncoderParts {
  readonly ports: GraphPorts;
  /** Makes one vector of those of a text's tokens. Not called if the graph pools. */
  readonly pool: (rows: TokenRows) => Float32Array;
  /** Layers after pooling. */
  readonly layers: readonly Layer[];
  readonly paddingId: number;
  readonly firstPosition: number;
}

/** Owns the padding buffers of its batches. */
export class Encoder {
  readonly #parts: EncoderParts;
  readonly #buffers: readonly InputBuffer[];

  constructor(parts: EncoderParts) {
    this.#parts = parts;
    this.#buffers = parts.ports.inputs.map((input) => new InputBuffer(input));
  }

  /** One vector per text, in their order. */
  async encode(
    session: InferenceSession,
    texts: readonly EncodedText[],
  ): Promise<readonly Float32Array[]> {
    const { ports, layers } = this.#parts;
    const longest = texts.reduce((most, { ids }) => Math.max(most, ids.length), 0);
    const feeds = Object.fromEntries(
      this.#buffers.map((buffer) => [buffer.name, buffer.fill(texts, longest, this.#parts)]),
    );
    const output = (await session.run(feeds, [ports.output]))[ports.output];
    const dimensions = output?.dims.at(-1);
    if (output === undefined || dimensions === undefined) {
      throw new Error("bug: the graph gave another output than it said");
    }
    const data = floatsOf(output.data);
    const rows = ports.isPooled ? texts.length : texts.length * longest;
    if (data.length !== rows * dimensions) {
      throw new Error(`the graph's output ${ports.output} has another size than its texts`);
    }
    return texts.map((text, place) => {
      if (text.unpooled === true) {
        const start = place * longest * dimensions;
        return data.slice(start, start + text.ids.length * dimensions);
      }
      const vector = ports.isPooled
        ? data.slice(place * dimensions, (place + 1) * dimensions)
        : this.#pool(text, { data, first: place * longest, dimensions });
      return layers.reduce((values, layer) => layer(values), vector);
    });
  }

  #pool(
    { ids, skipped }: EncodedText,
    rows: { readonly data: Float32Array; readonly first: number; readonly dimensions: number },
  ): Float32Array {
    return this.#parts.pool({ ...rows, count: ids.length, skipped });
  }
}

/**
 * Converts a graph's output to single precision. Half precision comes as bits, or as Float16Array if Node.js has it.
 */
function floatsOf(data: Tensor["data"]): Float32Array {
  if (data instanceof Float32Array) return data;
  if (!ArrayBuffer.isView(data) || data.byteLength !== data.length * 2) {
    throw new Error("bug: the graph gave another output than it said");
  }
  const bits = new Uint16Array(data.buffer, data.byteOffset, data.length);
  return Float32Array.from(bits, halfValue);
}

interface Padding {
  readonly paddingId: number;
  readonly firstPosition: number;
}

/** One input of the graph. */
class InputBuffer {
  readonly name: InputName;
  readonly #type: GraphInput["type"];
  #values: BigInt64Array | Int32Array;

  constructor({ name, type }: GraphInput) {
    this.name = name;
    this.#type = type;
    this.#values = type === "int64" ? new BigInt64Array(0) : new Int32Array(0);
  }

  /** A tensor of this many texts with this many tokens each, which the next call overwrites. */
  fill(texts: readonly EncodedText[], longest: number, padding: Padding): Tensor {
    const size = texts.length * longest;
    if (this.#values.length < size) {
      this.#values = this.#type === "int64" ? new BigInt64Array(size) : new Int32Array(size);
    }
    const values = this.#values.subarray(0, size);
    const set = setterOf(values);
    for (const [index, text] of texts.entries()) {
      const start = index * longest;
      for (let place = 0; place < longest; place++) {
        set(start + place, this.#valueOf(text, place, padding));
      }
    }
    return new Tensor(this.#type, values, [texts.length, longest]);
  }

  /** Value for the token at a place, or for padding where a text has none. */
  #valueOf({ ids, types }: EncodedText, place: number, padding: Padding): number {
    const { paddingId, firstPosition } = padding;
    const id = ids[place];
    switch (this.name) {
      case "input_ids":
        return id ?? paddingId;
      case "attention_mask":
        return id === undefined ? 0 : 1;
      case "token_type_ids":
        return types?.[place] ?? 0;
      case "position_ids":
        if (id !== undefined) return firstPosition + place;
        // If positions begin after the padding id, that id is the position of padding.
        return Math.max(0, firstPosition - 1);
    }
  }
}

function setterOf(values: BigInt64Array | Int32Array): (place: number, value: number) => void {
  if (values instanceof Int32Array) return (place, value) => void (values[place] = value);
  return (place, value) => void (values[place] = BigInt(value));
}
