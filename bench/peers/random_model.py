"""Writes a GGUF model of a real shape with random weights.

Speed does not depend on what the weights are, so this measures honestly where real weights cannot be
had. Llama architecture, Q4_0, the embedding tied to the output; the vocabulary is taken from a GGUF file.

usage: random_model.py SHAPE VOCABULARY.gguf OUT.gguf
"""

import os
import sys
from dataclasses import dataclass

import numpy as np
from gguf import GGMLQuantizationType, GGUFReader, GGUFWriter
from gguf.quants import quantize


@dataclass(frozen=True)
class Shape:
    layers: int
    width: int
    heads: int
    kv_heads: int
    feed_forward: int
    context: int

    @property
    def head_width(self) -> int:
        return self.width // self.heads


SHAPES = {
    # That of a current 0.6B model.
    "0.6b": Shape(layers=28, width=1024, heads=16, kv_heads=8, feed_forward=3072, context=8192),
    # For trying benchmarks out.
    "tiny": Shape(layers=2, width=128, heads=4, kv_heads=2, feed_forward=256, context=8192),
}


def copy_tokenizer(vocabulary: GGUFReader, writer: GGUFWriter) -> int:
    """Copies all tokenizer.* keys and returns the number of tokens."""
    tokens = 0
    for key, field in vocabulary.fields.items():
        if not key.startswith("tokenizer."):
            continue
        value = field.contents()
        match key, value:
            case "tokenizer.ggml.tokens", _:
                tokens = len(value)
                writer.add_token_list(value)
            case "tokenizer.ggml.merges", _:
                writer.add_token_merges(value)
            case "tokenizer.ggml.token_type", _:
                writer.add_token_types(value)
            case "tokenizer.ggml.scores", _:
                writer.add_token_scores(value)
            case _, str():
                writer.add_string(key, value)
            case _, bool():
                writer.add_bool(key, value)
            case _, int():
                writer.add_uint32(key, value)
            case _:
                raise ValueError(f"{key} is of a kind that is not copied")
    return tokens


def add_metadata(writer: GGUFWriter, name: str, shape: Shape, tokens: int) -> None:
    writer.add_name(name)
    writer.add_vocab_size(tokens)
    writer.add_context_length(shape.context)
    writer.add_embedding_length(shape.width)
    writer.add_block_count(shape.layers)
    writer.add_feed_forward_length(shape.feed_forward)
    writer.add_head_count(shape.heads)
    writer.add_head_count_kv(shape.kv_heads)
    writer.add_key_length(shape.head_width)
    writer.add_value_length(shape.head_width)
    writer.add_rope_dimension_count(shape.head_width)
    writer.add_rope_freq_base(10000.0)
    writer.add_layer_norm_rms_eps(1e-5)


def add_weights(writer: GGUFWriter, shape: Shape, tokens: int) -> None:
    random = np.random.default_rng(0)
    attention = shape.heads * shape.head_width
    shared = shape.kv_heads * shape.head_width

    def matrix(name: str, rows: int, columns: int) -> None:
        values = random.standard_normal((rows, columns), dtype=np.float32) * 0.02
        kind = GGMLQuantizationType.Q4_0
        writer.add_tensor(f"{name}.weight", quantize(values, kind), raw_dtype=kind)

    def norm(name: str) -> None:
        writer.add_tensor(f"{name}.weight", np.ones(shape.width, dtype=np.float32))

    matrix("token_embd", tokens, shape.width)
    for layer in range(shape.layers):
        block = f"blk.{layer}"
        norm(f"{block}.attn_norm")
        matrix(f"{block}.attn_q", attention, shape.width)
        matrix(f"{block}.attn_k", shared, shape.width)
        matrix(f"{block}.attn_v", shared, shape.width)
        matrix(f"{block}.attn_output", shape.width, attention)
        norm(f"{block}.ffn_norm")
        matrix(f"{block}.ffn_gate", shape.feed_forward, shape.width)
        matrix(f"{block}.ffn_up", shape.feed_forward, shape.width)
        matrix(f"{block}.ffn_down", shape.width, shape.feed_forward)
    norm("output_norm")


def main() -> None:
    name, vocabulary, out = sys.argv[1:]
    shape = SHAPES[name]
    # A file that is there is whole.
    part = f"{out}.part"
    writer = GGUFWriter(part, "llama")
    tokens = copy_tokenizer(GGUFReader(vocabulary), writer)
    add_metadata(writer, f"random-{name}", shape, tokens)
    add_weights(writer, shape, tokens)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    os.rename(part, out)


if __name__ == "__main__":
    main()
