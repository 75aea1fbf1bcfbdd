"""Prints what onnxruntime for Python computes with the models that fetch.py brings, as JSON: the oracle of their vectors.

    python3 vectors.py FOLDER    (needs the packages of fetch.txt)

Each text of texts.json is computed alone, pooled and normalised here in float64.
Nothing is recorded, for the library's own answer depends on the processor: 8-bit products are rounded where another has
no such instruction, and one step at a rounding's edge moves a whole vector (cosine 0.998 between two x86 machines).
"""

import base64
import json
import sys
from pathlib import Path

import numpy
import onnxruntime
import tokenizers

here = Path(__file__).parent
folder = Path(sys.argv[1]).resolve()


def pooled(hidden: numpy.ndarray, pooling: str) -> numpy.ndarray:
    rows = hidden[0].astype(numpy.float64)
    vector = rows[0] if pooling == "cls" else rows.mean(axis=0)
    return (vector / numpy.linalg.norm(vector)).astype(numpy.float32)


def vectors(model: dict, texts: list[str], longest: int) -> dict:
    at = folder / model["name"]
    tokenizer = tokenizers.Tokenizer.from_file(str(at / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(longest)
    session = onnxruntime.InferenceSession(str(at / "model.onnx"))
    output = model.get("output") or session.get_outputs()[0].name
    computed = []
    for text in texts:
        encoding = tokenizer.encode(text)
        ids = numpy.array([encoding.ids], numpy.int64)
        every = {"input_ids": ids, "attention_mask": numpy.ones_like(ids), "token_type_ids": numpy.zeros_like(ids)}
        given = {port.name: every[port.name] for port in session.get_inputs()}
        [hidden] = session.run([output], given)
        vector = pooled(hidden, model["pooling"])
        computed.append({"tokens": len(encoding.ids), "vector": base64.b64encode(vector.tobytes()).decode()})
    return {"name": model["name"], "vectors": computed}


asked = json.loads((here / "texts.json").read_text())
models = json.loads((here / "models.json").read_text())
here_already = [m for m in models if "pooling" in m and (folder / m["name"] / "model.onnx").exists()]
json.dump([vectors(m, asked["texts"], asked["longest"]) for m in here_already], sys.stdout)
