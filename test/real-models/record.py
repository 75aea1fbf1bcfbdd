"""Records what other libraries compute with the models that fetch.py brings: oracle.json, for the tests beside it.

    python3 -m venv venv && venv/bin/pip install -r record.txt
    venv/bin/python record.py ../../.cache/real-models

Text of transformers in float32 at temperature zero. The gap is how far ahead the likeliest token was at each step, in
logits: where it is near zero another library may rightly choose the other token. Vectors are computed beside their
test instead: vectors.py says why.
"""

import json
import sys
from pathlib import Path

import torch
import transformers
from sentence_transformers import SparseEncoder

here = Path(__file__).parent
folder = Path(sys.argv[1]).resolve()

prompts = [
    "Once upon a time",
    "The capital of France is",
    "def fibonacci(n):",
    "1, 2, 3, 4,",
    "naïve café 🙂 — über 猫",
]
chats = [
    [{"role": "user", "content": "What is the capital of France?"}],
    [
        {"role": "system", "content": "Answer in one word."},
        {"role": "user", "content": "Which colour has the sky?"},
    ],
    [
        {"role": "user", "content": "My name is Ann."},
        {"role": "assistant", "content": "Hello Ann!"},
        {"role": "user", "content": "  What is my name?  "},
    ],
]
new_tokens = 32


def completion(model, tokenizer, ids: list[int]) -> dict:
    answer = model.generate(
        torch.tensor([ids]),
        attention_mask=torch.ones(1, len(ids), dtype=torch.long),
        max_new_tokens=new_tokens,
        do_sample=False,
        output_logits=True,
        return_dict_in_generate=True,
    )
    tokens = answer.sequences[0, len(ids) :].tolist()
    gaps = []
    for logits in answer.logits:
        first, second = logits[0].topk(2).values.tolist()
        gaps.append(round(first - second, 3))
    return {"prompt_tokens": len(ids), "tokens": tokens, "gaps": gaps, "text": tokenizer.decode(tokens, skip_special_tokens=True)}


def text(model: dict) -> dict:
    at = folder / model["name"]
    file = model["float32"]["to"]
    tokenizer = transformers.AutoTokenizer.from_pretrained(at, gguf_file=file)
    weights = transformers.AutoModelForCausalLM.from_pretrained(at, gguf_file=file, dtype=torch.float32).eval()
    completions = [{"prompt": p, **completion(weights, tokenizer, tokenizer(p)["input_ids"])} for p in prompts]
    answers = []
    for messages in chats:
        ids = tokenizer.apply_chat_template(messages, add_generation_prompt=True, return_dict=True)["input_ids"]
        answers.append({"messages": messages, **completion(weights, tokenizer, ids)})
    return {"name": model["name"], "completions": completions, "chats": answers}


def sparse(model: dict) -> dict:
    """Each text's numbers that are not zero, by dimension; SparseEncoder reads the folder as a SPLADE model."""
    encoder = SparseEncoder(str(folder / model["name"]), device="cpu")
    vectors = []
    for one in json.loads((here / "texts.json").read_text())["texts"]:
        vector = encoder.encode([one]).to_dense()[0]
        indices = vector.nonzero().flatten().tolist()
        vectors.append({str(index): round(float(vector[index]), 6) for index in indices})
    return {"name": model["name"], "vectors": vectors}


models = json.loads((here / "models.json").read_text())
oracle = {
    "versions": {m.__name__: m.__version__ for m in (torch, transformers)},
    "generation": [text(m) for m in models if "float32" in m],
    "sparse": [sparse(m) for m in models if "splade" in m],
}
(here / "oracle.json").write_text(json.dumps(oracle, ensure_ascii=False, indent=1) + "\n")
