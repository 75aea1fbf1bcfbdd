"""Writes the safetensors of a masked language model of BERT as an ONNX file, without torch.

The graph takes input_ids, attention_mask and token_type_ids, and gives logits: a score of each token of the vocabulary
for each token of a text.
"""

import json
import struct
from pathlib import Path

import numpy
import onnx
from onnx import TensorProto, helper, numpy_helper


def tensors_of(path: Path) -> dict[str, numpy.ndarray]:
    with path.open("rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(length))
        data = file.read()
    found = {}
    for name, facts in header.items():
        if name == "__metadata__":
            continue
        if facts["dtype"] != "F32":
            raise RuntimeError(f"{name} is {facts['dtype']}, and only F32 is read")
        start, end = facts["data_offsets"]
        found[name] = numpy.frombuffer(data[start:end], "<f4").reshape(facts["shape"])
    return found


class Graph:
    """Owns the nodes and weights of a graph as it grows. Each method gives the name of what it computes."""

    def __init__(self, weights: dict[str, numpy.ndarray], config: dict) -> None:
        self.weights, self.config = weights, config
        self.nodes: list[onnx.NodeProto] = []
        self.constants: dict[str, onnx.TensorProto] = {}

    def op(self, kind: str, *inputs: str, **attributes: object) -> str:
        output = f"{kind}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, inputs, [output], **attributes))
        return output

    def constant(self, name: str, values: numpy.ndarray) -> str:
        self.constants.setdefault(name, numpy_helper.from_array(numpy.ascontiguousarray(values), name))
        return name

    def number(self, value: float) -> str:
        return self.constant(f"number {value}", numpy.float32(value))

    def numbers(self, *values: int) -> str:
        return self.constant(f"numbers {values}", numpy.array(values, numpy.int64))

    def weight(self, name: str) -> str:
        return self.constant(name, self.weights[name])

    def dense(self, name: str, x: str) -> str:
        matrix = self.constant(f"{name}.transposed", self.weights[f"{name}.weight"].T)
        return self.op("Add", self.op("MatMul", x, matrix), self.weight(f"{name}.bias"))

    def norm(self, name: str, x: str) -> str:
        epsilon = self.config["layer_norm_eps"]
        scale, shift = self.weight(f"{name}.gamma"), self.weight(f"{name}.beta")
        return self.op("LayerNormalization", x, scale, shift, axis=-1, epsilon=epsilon)

    def gelu(self, x: str) -> str:
        erf = self.op("Erf", self.op("Div", x, self.number(2**0.5)))
        return self.op("Mul", self.op("Mul", x, self.number(0.5)), self.op("Add", erf, self.number(1)))

    def embeddings(self) -> str:
        place = "bert.embeddings"
        words = self.op("Gather", self.weight(f"{place}.word_embeddings.weight"), "input_ids")
        kinds = self.op("Gather", self.weight(f"{place}.token_type_embeddings.weight"), "token_type_ids")
        length = self.op("Shape", "input_ids", start=1, end=2)
        ends = [self.numbers(0), length, self.numbers(0)]
        places = self.op("Slice", self.weight(f"{place}.position_embeddings.weight"), *ends)
        return self.norm(f"{place}.LayerNorm", self.op("Add", self.op("Add", words, kinds), places))

    def heads(self, x: str, order: list[int]) -> str:
        count = self.config["num_attention_heads"]
        size = self.config["hidden_size"] // count
        return self.op("Transpose", self.op("Reshape", x, self.numbers(0, 0, count, size)), perm=order)

    def attention(self, place: str, x: str, mask: str) -> str:
        query = self.heads(self.dense(f"{place}.self.query", x), [0, 2, 1, 3])
        key = self.heads(self.dense(f"{place}.self.key", x), [0, 2, 3, 1])
        value = self.heads(self.dense(f"{place}.self.value", x), [0, 2, 1, 3])
        size = self.config["hidden_size"] // self.config["num_attention_heads"]
        scores = self.op("Div", self.op("MatMul", query, key), self.number(size**0.5))
        shares = self.op("Softmax", self.op("Add", scores, mask), axis=-1)
        mixed = self.op("Transpose", self.op("MatMul", shares, value), perm=[0, 2, 1, 3])
        joined = self.op("Reshape", mixed, self.numbers(0, 0, self.config["hidden_size"]))
        return self.norm(f"{place}.output.LayerNorm", self.op("Add", self.dense(f"{place}.output.dense", joined), x))

    def layer(self, place: str, x: str, mask: str) -> str:
        x = self.attention(f"{place}.attention", x, mask)
        inner = self.gelu(self.dense(f"{place}.intermediate.dense", x))
        return self.norm(f"{place}.output.LayerNorm", self.op("Add", self.dense(f"{place}.output.dense", inner), x))

    def mask(self) -> str:
        """Zero for tokens, and far below every score for padding."""
        seen = self.op("Cast", "attention_mask", to=TensorProto.FLOAT)
        hidden = self.op("Mul", self.op("Sub", self.number(1), seen), self.number(-1e9))
        return self.op("Unsqueeze", hidden, self.numbers(1, 2))

    def logits(self) -> str:
        x, mask = self.embeddings(), self.mask()
        for layer in range(self.config["num_hidden_layers"]):
            x = self.layer(f"bert.encoder.layer.{layer}", x, mask)
        place = "cls.predictions"
        x = self.norm(f"{place}.transform.LayerNorm", self.gelu(self.dense(f"{place}.transform.dense", x)))
        words = self.constant("words.transposed", self.weights["bert.embeddings.word_embeddings.weight"].T)
        return self.op("Add", self.op("MatMul", x, words), self.weight(f"{place}.bias"))


def write(folder: Path, source: str, target: str) -> None:
    config = json.loads((folder / "config.json").read_text())
    if config["hidden_act"] != "gelu" or not config["tie_word_embeddings"]:
        raise RuntimeError("only gelu and tied embeddings are written")
    graph = Graph(tensors_of(folder / source), config)
    logits = graph.logits()
    graph.nodes.append(helper.make_node("Identity", [logits], ["logits"]))
    inputs = [
        helper.make_tensor_value_info(name, TensorProto.INT64, ["batch", "sequence"])
        for name in ("input_ids", "attention_mask", "token_type_ids")
    ]
    output = helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", "sequence", config["vocab_size"]])
    made = helper.make_graph(graph.nodes, "masked-bert", inputs, [output], list(graph.constants.values()))
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    onnx.save(model, folder / target)
