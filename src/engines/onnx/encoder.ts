/** Computes one batch of tokenised texts: pads, runs the graph, pools. */
import { Tensor } from "onnxruntime-node";
import type { InferenceSession } from "onnxruntime-node";
import { pool } from "./pooling.ts";
import type { Pooling } from "./pooling.ts";

const inputs = ["input_ids", "attention_mask", "token_type_ids"] as const;

/** What exporters call a text's token vectors, where a graph gives more than those. */
const outputs: readonly string[] = ["last_hidden_state", "token_embeddings"];

type InputName = (typeof inputs)[number];

/** What a graph takes and gives. */
export interface GraphPorts {
  readonly inputs: readonly InputName[];
  readonly output: string;
}

/** Says how to use a session's graph, or throws an Error that says why it is no text encoder. */
export function portsOf(session: InferenceSession): GraphPorts {
  const found = session.inputNames.map((name) => {
    const input = inputs.find((known) => known === name);
    if (input === undefined)
      throw new Error(`the graph has an input that inferd does not know: ${name}`);
    return input;
  });
  for (const input of session.inputMetadata) {
    if (!input.isTensor || input.type !== "int64") {
      throw new Error(`the graph's input ${input.name} must be an int64 tensor`);
    }
  }
  if (!found.includes("input_ids")) throw new Error("the graph has no input named input_ids");
  const rows = session.outputMetadata.filter(
    (port) => port.isTensor && port.type === "float32" && port.shape.length === 3,
  );
  const output = rows.find((port) => outputs.includes(port.name)) ?? rows[0];
  if (output === undefined) {
    throw new Error("the graph gives no float32 output of shape [batch, sequence, dimensions]");
  }
  return { inputs: found, output: output.name };
}

/** Owns the buffers that its batches are padded into. */
export class Encoder {
  readonly #ports: GraphPorts;
  readonly #pooling: Pooling;
  #ids = new BigInt64Array(0);
  #mask = new BigInt64Array(0);
  #types = new BigInt64Array(0);

  constructor(ports: GraphPorts, pooling: Pooling) {
    this.#ports = ports;
    this.#pooling = pooling;
  }

  /** One vector for each text, in their order. */
  async encode(
    session: InferenceSession,
    texts: readonly (readonly number[])[],
  ): Promise<readonly Float32Array[]> {
    const longest = texts.reduce((most, ids) => Math.max(most, ids.length), 0);
    this.#fill(texts, longest);
    const size = texts.length * longest;
    const tensor = (values: BigInt64Array) =>
      new Tensor("int64", values.subarray(0, size), [texts.length, longest]);
    const values: Record<InputName, BigInt64Array> = {
      input_ids: this.#ids,
      attention_mask: this.#mask,
      token_type_ids: this.#types,
    };
    const feeds = Object.fromEntries(
      this.#ports.inputs.map((name) => [name, tensor(values[name])]),
    );
    const output = (await session.run(feeds, [this.#ports.output]))[this.#ports.output];
    const data = output?.data;
    const dimensions = output?.dims[2];
    if (!(data instanceof Float32Array) || dimensions === undefined) {
      throw new Error("bug: the graph gave another output than it said");
    }
    return texts.map((ids, place) =>
      pool({ data, first: place * longest, count: ids.length, dimensions }, this.#pooling),
    );
  }

  #fill(texts: readonly (readonly number[])[], longest: number): void {
    const size = texts.length * longest;
    if (this.#ids.length < size) {
      this.#ids = new BigInt64Array(size);
      this.#mask = new BigInt64Array(size);
      this.#types = new BigInt64Array(size);
    }
    // Padding is masked out, so any id does; zero is one that every model knows.
    this.#ids.fill(0n, 0, size);
    this.#mask.fill(0n, 0, size);
    for (const [place, ids] of texts.entries()) {
      let at = place * longest;
      this.#mask.fill(1n, at, at + ids.length);
      for (const id of ids) this.#ids[at++] = BigInt(id);
    }
  }
}
